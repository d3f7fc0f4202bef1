import { mintApiToken } from '@miaobu/shared/kernel/api-token';
import pg from 'pg';

export interface Amount {
  readonly users: number;
  readonly projectsPerUser: number;
  readonly deploymentsPerProject: number;
}

/** A user whose first project is queried. */
export interface BenchUser {
  readonly token: string;
  readonly userId: string;
  /** Ids as the database has them. */
  readonly projectId: string;
  readonly deploymentId: string;
}

const fillProjects = `
  with u as (
    insert into users (github_id, github_login) select n, 'user-' || n from generate_series(1, $1::int) n returning id, github_id
  ), p as (
    insert into projects (user_id, slug, name, github_repository_id, repository, webhook_secret_sealed)
    select u.id, 'site-' || u.github_id || '-' || n, 'site', u.github_id * 1000 + n, 'you/site-' || n, 'sealed'
      from u, generate_series(1, $2::int) n order by u.github_id, n
    returning id
  )
  insert into environments (project_id, name, branch, next_seq) select id, 'production', 'main', $3::int + 1 from p`;

const fillDeployments = `
  insert into deployments (
    project_id, environment_id, seq, trigger, dedupe_key, branch, commit_sha, commit_message, commit_author, status, settings, request_id,
    attempt, files, bytes, build_seconds, activated_at, published_at, finished_at
  )
  select e.project_id, e.id, n, 'push', 'push:' || n, 'main', md5(e.id::text || n) || '00000000', 'Change a page', 'you', 'deployed', '{}',
         'bench', 1, 12, 34567, 8.5, now(), now(), now()
    from generate_series(1, $1::int) n, environments e`;

const firstProjects = `
  select distinct on (u.id) u.id as "userId", p.id as "projectId", d.id as "deploymentId"
    from users u join projects p on p.user_id = u.id
    cross join lateral (select id from deployments where project_id = p.id order by id desc limit 1) d
   order by u.id, p.id`;

/** Fills a database that has our schema, with what weeks of work leave. Every user gets a token for everything that only reads. */
export async function fillDatabase(
  url: string,
  { users, projectsPerUser, deploymentsPerProject }: Amount,
): Promise<BenchUser[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(fillProjects, [users, projectsPerUser, deploymentsPerProject]);
    await client.query(fillDeployments, [deploymentsPerProject]);
    await client.query(`update environments e set current_deployment_id = (
      select id from deployments d where d.environment_id = e.id order by seq desc limit 1)`);
    const { rows } = await client.query<Omit<BenchUser, 'token'>>(firstProjects);
    const found: BenchUser[] = [];
    for (const row of rows) {
      const { token, prefix, sha256 } = mintApiToken();
      await client.query(
        `insert into api_tokens (user_id, name, prefix, token_sha256, scopes)
         values ($1, 'bench', $2, $3, array['projects:read', 'deployments:read'])`,
        [row.userId, prefix, sha256],
      );
      found.push({ ...row, token });
    }
    await client.query('vacuum analyze');
    await client.query('checkpoint');
    return found;
  } finally {
    await client.end();
  }
}
