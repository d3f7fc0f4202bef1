import { readCommits } from './commit-objects.ts';
import { type Call, GithubError, notFound, pageLinks, readPage } from './github-answer.ts';
import { type GithubRepositories, type GithubRepository, readRefs, resolveCommit } from './github-repositories.ts';
import type { GithubRoute } from './github-rest-api.ts';
import type { GithubUrls } from './github-urls.ts';
import { type GithubUsers, userJson } from './github-users.ts';
import { commitJson, repositoryJson } from './repository-json.ts';

export interface RepositoryRouteDependencies {
  readonly repositories: GithubRepositories;
  readonly users: GithubUsers;
  readonly urls: () => GithubUrls;
}

/** The repository a request names. Throws 404 for one that is missing and for another user's, with the same words. */
export function repositoryOf(call: Call, repositories: GithubRepositories): GithubRepository {
  const repository = repositories.find(call.param('owner'), call.param('repo'));
  if (!repository || repository.owner !== call.user.login) throw notFound();
  return repository;
}

/** The commit a `ref` names. Throws as GitHub does: 409 for an empty repository, 422 for an unknown ref. */
export async function commitOf(repository: GithubRepository, ref: string): Promise<string> {
  const sha = await resolveCommit(repository.directory, ref);
  if (sha) return sha;
  if ((await readRefs(repository.directory)).size === 0) throw new GithubError(409, 'Git Repository is empty.');
  throw new GithubError(422, `No commit found for SHA: ${ref}`);
}

/** `/user`, `/user/repos`, a repository, its branches and commits. */
export function repositoryRoutes(deps: RepositoryRouteDependencies): GithubRoute[] {
  const { repositories, users, urls } = deps;

  const commitAnswer = async (repository: GithubRepository, sha: string) => {
    const [commit] = await readCommits(repository.directory, [sha]);
    if (!commit) throw notFound();
    return commitJson(commit, repository, users, urls());
  };

  return [
    {
      method: 'GET',
      path: '/user',
      answer: ({ user }) => ({
        status: 200,
        json: { ...userJson(user, urls().api), name: user.login, email: user.email ?? null },
      }),
    },
    {
      method: 'GET',
      path: '/user/repos',
      answer({ user, query }) {
        const page = readPage(query);
        // Users here own every repository they see.
        const owns = (query.get('affiliation') ?? 'owner').split(',').includes('owner');
        const mine = repositories.all().filter((repository) => owns && repository.owner === user.login);
        if (query.get('sort') === 'pushed') mine.sort((a, b) => (b.pushedAt ?? 0) - (a.pushedAt ?? 0));
        const shown = mine.slice((page.number - 1) * page.size, page.number * page.size);
        return {
          status: 200,
          json: shown.map((repository) => repositoryJson(repository, user, urls())),
          headers: pageLinks(`${urls().api}/user/repos`, query, page, mine.length),
        };
      },
    },
    {
      method: 'GET',
      path: '/repos/:owner/:repo',
      answer: (call) => ({
        status: 200,
        json: repositoryJson(repositoryOf(call, repositories), call.user, urls()),
      }),
    },
    {
      method: 'GET',
      path: '/repos/:owner/:repo/branches',
      async answer(call) {
        const repository = repositoryOf(call, repositories);
        const page = readPage(call.query);
        const branches = [...(await readRefs(repository.directory))]
          .filter(([ref]) => ref.startsWith('refs/heads/'))
          .map(([ref, sha]) => ({ name: ref.slice('refs/heads/'.length), sha }))
          .sort((a, b) => (a.name < b.name ? -1 : 1));
        const shown = branches.slice((page.number - 1) * page.size, page.number * page.size);
        const api = urls().repository(repository);
        return {
          status: 200,
          json: shown.map(({ name, sha }) => ({
            name,
            commit: { sha, url: `${api}/commits/${sha}` },
            protected: false,
          })),
          headers: pageLinks(`${api}/branches`, call.query, page, branches.length),
        };
      },
    },
    {
      method: 'GET',
      path: '/repos/:owner/:repo/branches/:branch+',
      async answer(call) {
        const repository = repositoryOf(call, repositories);
        const name = call.param('branch');
        const sha = await resolveCommit(repository.directory, `heads/${name}`);
        if (!sha) throw new GithubError(404, 'Branch not found');
        const commit = await commitAnswer(repository, sha);
        return { status: 200, json: { name, commit, protected: false } };
      },
    },
    {
      method: 'GET',
      path: '/repos/:owner/:repo/commits/:ref+',
      async answer(call) {
        const repository = repositoryOf(call, repositories);
        return {
          status: 200,
          json: await commitAnswer(repository, await commitOf(repository, call.param('ref'))),
        };
      },
    },
  ];
}
