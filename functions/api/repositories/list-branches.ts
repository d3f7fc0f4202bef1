import { AppError } from '@miaobu/shared/kernel/app-error';
import type { ReadGithubToken } from '@miaobu/shared/model/account/read-github-token';
import type { CodeHost } from '@miaobu/shared/ports/code-host';
import type { Operation } from '../operation.ts';
import { requireAllProjects } from '../projects/find-project.ts';
import { pageAtOffset, readOffset } from './page-at-offset.ts';

export interface Deps {
  readonly readGithubToken: ReadGithubToken;
  readonly codeHost: Pick<CodeHost, 'listBranches'>;
}

export const listBranches =
  (deps: Deps): Operation<'listBranches'> =>
  async ({ params, query }, { user, credential }) => {
    requireAllProjects(credential);
    const offset = readOffset(query.cursor);
    const { skip, ...page } = pageAtOffset(offset, query.limit);
    const token = await deps.readGithubToken(user.id);
    const fullName = `${params.owner}/${params.repo}`;
    const listed = await deps.codeHost.listBranches(token, fullName, page);
    if (!listed) throw new AppError('repository_not_found', { details: { repo: fullName } });
    const shown = listed.branches.slice(skip, skip + query.limit);
    const isLast = !listed.hasMore && skip + shown.length === listed.branches.length;
    return {
      data: shown.map(({ name, sha }) => ({ name, commit_sha: sha })),
      nextCursor: isLast ? null : String(offset + shown.length),
    };
  };
