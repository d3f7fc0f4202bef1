import { AppError } from '@miaobu/shared/kernel/app-error';
import type { ReadGithubToken } from '@miaobu/shared/model/account/read-github-token';
import type { Commit } from '@miaobu/shared/model/deployment/queue-deployment';
import type { Project } from '@miaobu/shared/model/project/project';
import type { CodeCommit, CodeHost } from '@miaobu/shared/ports/code-host';

export interface Deps {
  readonly readGithubToken: ReadGithubToken;
  readonly codeHost: Pick<CodeHost, 'getRepository' | 'getBranchHead' | 'getCommit'>;
}

/** The token of the project's owner and the repository's name, if that is still the repository that was imported. */
async function openRepository(deps: Deps, project: Project): Promise<{ token: string; repository: string }> {
  const token = await deps.readGithubToken(project.userId);
  const repository = await deps.codeHost.getRepository(token, project.repository);
  if (repository?.id !== project.githubRepositoryId) {
    throw new AppError('repository_not_found', { details: { repo: project.repository } });
  }
  return { token, repository: repository.fullName };
}

const commitOf = ({ sha, message, authorLogin, authorName }: CodeCommit): Commit => ({
  sha,
  message,
  author: authorLogin ?? authorName,
});

/** What the code host says is the head of a branch of the project's repository. Throws `branch_not_found`. */
export async function askForHead(deps: Deps, project: Project, branch: string): Promise<Commit> {
  const { token, repository } = await openRepository(deps, project);
  const head = await deps.codeHost.getBranchHead(token, repository, branch);
  if (!head) throw new AppError('branch_not_found', { details: { repo: project.repository, branch } });
  return commitOf(head);
}

/** A commit of the project's repository. Throws `commit_not_found`. */
export async function askForCommit(deps: Deps, project: Project, sha: string): Promise<Commit> {
  const { token, repository } = await openRepository(deps, project);
  const commit = await deps.codeHost.getCommit(token, repository, sha);
  if (commit?.sha !== sha)
    throw new AppError('commit_not_found', { details: { repo: project.repository, commit: sha } });
  return commitOf(commit);
}
