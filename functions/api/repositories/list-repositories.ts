import type { Repository as RepositoryJson } from '@miaobu/shared/contracts/code-repositories';
import { showId } from '@miaobu/shared/kernel/ids';
import type { ReadGithubToken } from '@miaobu/shared/model/account/read-github-token';
import type { Import } from '@miaobu/shared/model/project/imports-repository';
import type { Store } from '@miaobu/shared/model/repositories';
import type { CodeHost, CodeRepository } from '@miaobu/shared/ports/code-host';
import type { Operation } from '../operation.ts';
import { requireAllProjects } from '../projects/find-project.ts';
import { largestPageAtOffset, pageAtOffset, readOffset } from './page-at-offset.ts';

export interface Deps {
  readonly store: Pick<Store, 'imports'>;
  readonly readGithubToken: ReadGithubToken;
  readonly codeHost: Pick<CodeHost, 'listRepositories'>;
}

/** The most pages that one request fetches from GitHub: a thousand repositories. */
const MOST_PAGES = 10;

interface Found {
  readonly repositories: readonly CodeRepository[];
  readonly nextCursor: string | null;
}

const present = (repository: CodeRepository, projects: readonly Import[]): RepositoryJson => ({
  id: repository.id,
  full_name: repository.fullName,
  default_branch: repository.defaultBranch,
  private: repository.private,
  pushed_at: repository.pushedAt?.toISOString() ?? null,
  projects: projects
    .filter(({ githubRepositoryId }) => githubRepositoryId === repository.id)
    .map(({ id, slug, rootDirectory }) => ({ id: showId('project', id), slug, root_directory: rootDirectory })),
});

/**
 * Searches the user's repositories from an offset on. GitHub's own search covers owners only, not what a user sees through an
 * organisation or as a collaborator, so names are compared here.
 */
async function find(
  codeHost: Deps['codeHost'],
  token: string,
  { offset, limit, search }: { offset: number; limit: number; search: string | undefined },
): Promise<Found> {
  const words = (search ?? '').toLowerCase().split(/\s+/);
  const repositories: CodeRepository[] = [];
  let at = offset;
  for (let asked = 0; asked < MOST_PAGES; asked++) {
    const { skip, ...page } = search === undefined ? pageAtOffset(at, limit) : largestPageAtOffset(at);
    const listed = await codeHost.listRepositories(token, page);
    for (const [index, repository] of listed.repositories.entries()) {
      if (index < skip) continue;
      if (repositories.length === limit) return { repositories, nextCursor: String(at) };
      at += 1;
      if (words.every((word) => repository.fullName.toLowerCase().includes(word))) repositories.push(repository);
    }
    if (!listed.hasMore) return { repositories, nextCursor: null };
    if (repositories.length === limit) break;
  }
  return { repositories, nextCursor: String(at) };
}

/** The user's repositories, each with the projects imported from it. */
export const listRepositories =
  (deps: Deps): Operation<'listRepositories'> =>
  async ({ query }, { user, credential }) => {
    requireAllProjects(credential);
    const { limit, search } = query;
    const offset = readOffset(query.cursor);
    const token = await deps.readGithubToken(user.id);
    const { repositories, nextCursor } = await find(deps.codeHost, token, { offset, limit, search });
    const imports = await deps.store.imports.list(
      user.id,
      repositories.map(({ id }) => id),
    );
    return { data: repositories.map((repository) => present(repository, imports)), nextCursor };
  };
