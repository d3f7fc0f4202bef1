import { AppError } from '@miaobu/shared/kernel/app-error';
import { detectBuild, NOTHING_DECIDED } from '@miaobu/shared/kernel/detect/detect-build';
import { LONGEST_TEXT_BYTES } from '@miaobu/shared/kernel/detect/source-files';
import { invalidFields } from '@miaobu/shared/kernel/invalid-fields';
import type { ReadGithubToken } from '@miaobu/shared/model/account/read-github-token';
import type { CodeHost } from '@miaobu/shared/ports/code-host';
import type { Operation } from '../operation.ts';
import { requireAllProjects } from '../projects/find-project.ts';
import { presentAnalysis } from './present-analysis.ts';

export interface Deps {
  readonly readGithubToken: ReadGithubToken;
  readonly codeHost: Pick<CodeHost, 'getRepository' | 'getBranchHead' | 'listTree' | 'readFile'>;
}

/** The most files that one analysis reads. */
const MOST_FILES = 30;

const withoutDots = (path: string) =>
  path
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.')
    .join('/');

/** Decides like the build runner, based on what GitHub reports of the branch's head; nothing is cloned. */
export const analyzeRepository =
  (deps: Deps): Operation<'analyzeRepository'> =>
  async ({ params, query }, { user, credential }) => {
    requireAllProjects(credential);
    const { codeHost } = deps;
    const token = await deps.readGithubToken(user.id);
    const repo = `${params.owner}/${params.repo}`;
    const repository = await codeHost.getRepository(token, repo);
    if (!repository) throw new AppError('repository_not_found', { details: { repo } });
    const branch = query.branch ?? repository.defaultBranch;
    const head = await codeHost.getBranchHead(token, repository.fullName, branch);
    const tree = head && (await codeHost.listTree(token, repository.fullName, head.sha));
    if (!head || !tree) throw new AppError('branch_not_found', { details: { repo, branch } });

    const folder = withoutDots(query.root_directory);
    if (folder !== '' && !tree.truncated && !tree.paths.some((path) => path.startsWith(`${folder}/`))) {
      throw invalidFields('query', [{ path: ['root_directory'], message: 'the branch has no such folder' }]);
    }
    const paths = new Set(tree.paths);
    let read = 0;
    const detected = await detectBuild(
      {
        has: (path) => paths.has(path),
        async readText(path) {
          read += 1;
          if (read > MOST_FILES) return undefined;
          return codeHost.readFile(token, repository.fullName, path, head.sha, LONGEST_TEXT_BYTES);
        },
      },
      folder,
      NOTHING_DECIDED,
    );
    return {
      data: {
        full_name: repository.fullName,
        branch,
        commit_sha: head.sha,
        root_directory: folder,
        ...presentAnalysis(detected, tree.paths),
        truncated: tree.truncated,
      },
    };
  };
