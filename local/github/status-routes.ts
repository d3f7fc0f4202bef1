import * as z from 'zod';
import { GithubError, pageLinks, readPage } from './github-answer.ts';
import { resolveCommit } from './github-repositories.ts';
import type { GithubRoute } from './github-rest-api.ts';
import type { GithubState } from './github-state.ts';
import { type GithubUsers, userJson } from './github-users.ts';
import { restTime } from './repository-json.ts';
import { commitOf, type RepositoryRouteDependencies, repositoryOf } from './repository-routes.ts';

const statusBody = z.object({
  state: z.enum(['error', 'failure', 'pending', 'success']),
  target_url: z.string().nullish(),
  description: z.string().max(140).nullish(),
  context: z.string().min(1).default('default'),
});

type Dependencies = RepositoryRouteDependencies & { readonly state: GithubState; readonly now: () => number };

/** Commit statuses. */
export function statusRoutes({ repositories, users, urls, state, now }: Dependencies): GithubRoute[] {
  return [
    {
      method: 'POST',
      path: '/repos/:owner/:repo/statuses/:sha',
      async answer(call) {
        const repository = repositoryOf(call, repositories);
        const sha = call.param('sha');
        const isId = /^[0-9a-f]{40}$/.test(sha);
        const commit = isId ? await resolveCommit(repository.directory, sha) : undefined;
        if (!commit) throw new GithubError(422, `No commit found for SHA: ${sha}`);
        const parsed = statusBody.safeParse(call.body);
        if (!parsed.success) throw new GithubError(422, 'Validation Failed', parsed.error.issues);
        const { state: value, context, description, target_url } = parsed.data;
        const row = state.database
          .prepare(
            `insert into commit_status (repository_id, sha, state, context, description, target_url, creator, created_at)
             values (?, ?, ?, ?, ?, ?, ?, ?) returning *`,
          )
          .get(repository.id, commit, value, context, description ?? null, target_url ?? null, call.user.login, now());
        return { status: 201, json: statusJson(row ?? {}, urls().repository(repository), users, urls().api) };
      },
    },
    {
      method: 'GET',
      path: '/repos/:owner/:repo/commits/:ref+/statuses',
      async answer(call) {
        const repository = repositoryOf(call, repositories);
        const sha = await commitOf(repository, call.param('ref'));
        const page = readPage(call.query);
        const rows = state.database
          .prepare('select * from commit_status where repository_id = ? and sha = ? order by id desc')
          .all(repository.id, sha);
        const api = urls().repository(repository);
        const shown = rows.slice((page.number - 1) * page.size, page.number * page.size);
        return {
          status: 200,
          json: shown.map((row) => statusJson(row, api, users, urls().api)),
          headers: pageLinks(`${api}/commits/${sha}/statuses`, call.query, page, rows.length),
        };
      },
    },
  ];
}

function statusJson(row: Record<string, unknown>, repositoryUrl: string, users: GithubUsers, apiUrl: string) {
  const creator = users.withLogin(String(row.creator));
  return {
    id: row.id,
    url: `${repositoryUrl}/statuses/${String(row.sha)}`,
    state: row.state,
    context: row.context,
    description: row.description,
    target_url: row.target_url,
    creator: creator ? userJson(creator, apiUrl) : null,
    created_at: restTime(Number(row.created_at)),
    updated_at: restTime(Number(row.created_at)),
  };
}
