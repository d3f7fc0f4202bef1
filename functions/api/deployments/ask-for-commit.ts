import { AppError } from '@miaobu/shared/kernel/app-error';
import type { ReadGithubToken } from '@miaobu/shared/model/account/read-github-token';
import type { Commit } from '@miaobu/shared/model/deployment/queue-deployment';
import { type BranchHead, commitOf, readBranchHead } from '@miaobu/shared/model/environment/branch-head';
import type { Project } from '@miaobu/shared/model/project/project';
import type { CodeHost, CodeRepository } from '@miaobu/shared/ports/code-host';

export interface Deps {
  readonly readGithubToken: ReadGithubToken;
  readonly codeHost: Pick<CodeHost, 'getRepository' | 'getBranchHead' | 'getCommit'>;
}

/** The project owner's token and the repository, if it is still the imported one. */
async function openRepository(deps: Deps, project: Project): Promise<{ token: string; repository: CodeRepository }> {
  const token = await deps.readGithubToken(project.userId);
  const repository = await deps.codeHost.getRepository(token, project.repository);
  if (repository?.id !== project.githubRepositoryId) {
    throw new AppError('repository_not_found', { details: { repo: project.repository } });
  }
  return { token, repository };
}

/** The head of a branch of the project's repository, from the code host. Throws `branch_not_found`. */
export async function askForHead(deps: Deps, project: Project, branch: string): Promise<BranchHead> {
  const { token, repository } = await openRepository(deps, project);
  const head = await readBranchHead(deps.codeHost, token, repository, branch);
  if (!head) throw new AppError('branch_not_found', { details: { repo: project.repository, branch } });
  return head;
}

/** A commit of the project's repository. Throws `commit_not_found`. */
export async function askForCommit(deps: Deps, project: Project, sha: string): Promise<Commit> {
  const { token, repository } = await openRepository(deps, project);
  const commit = await deps.codeHost.getCommit(token, repository.fullName, sha);
  if (commit?.sha !== sha)
    throw new AppError('commit_not_found', { details: { repo: project.repository, commit: sha } });
  return commitOf(commit);
}
