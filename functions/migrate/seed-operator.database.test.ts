import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '@miaobu/shared/db/database';
import { migrateDatabase } from '@miaobu/shared/db/migrate-database';
import { sql } from '@miaobu/shared/db/sql';
import { apiTokenHash, mintApiToken } from '@miaobu/shared/kernel/api-token';
import { githubTokenContext } from '@miaobu/shared/model/account/account-repository';
import { platformSecretContext } from '@miaobu/shared/model/account/platform-secret-repository';
import { readPlatformSecret } from '@miaobu/shared/model/account/read-platform-secret';
import { createSealer, type RingSealer } from '@miaobu/shared/model/key/create-sealer';
import { repositories } from '@miaobu/shared/model/repositories';
import { createLog } from '@miaobu/shared/runtime/logger';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { emptyDatabase } from '../../tests/database/empty-database.ts';
import type { TestDatabase } from '../../tests/database/test-database.ts';
import { applyMigrations } from './apply-migrations.ts';
import { type MigrateEvent, migrateEvent } from './migrate-event.ts';
import { seedOperator } from './seed-operator.ts';

const migrations = fileURLToPath(new URL('../../migrations', import.meta.url));

let own: TestDatabase;
let db: ReturnType<typeof openDatabase>;
let logged: string[];
let sealer: RingSealer;

beforeEach(async () => {
  own = await emptyDatabase();
  db = openDatabase({ url: own.url, poolSize: 2 });
  logged = [];
  sealer = createSealer({ store: repositories(db), rootKeys: { current: randomBytes(32).toString('base64url') } });
});
afterEach(async () => {
  await db.close();
  await own.close();
});

/** What the handler does with an event. */
async function migrate(event: unknown): Promise<readonly string[]> {
  const log = createLog({}, (line) => void logged.push(line));
  const parsed = migrateEvent.parse(event);
  const apply = applyMigrations({ migrate: (report) => migrateDatabase(own.url, migrations, { log: report }) });
  const applied = await apply({ log });
  await seedOperator({ store: repositories(db), sealer })(parsed);
  return applied;
}

const minted = mintApiToken();
const event = {
  operator: {
    github_id: 583231,
    github_login: 'operator',
    github_token: 'gho_canaryOfTheOperator',
    api_token: { name: 'cli', prefix: minted.prefix, sha256: minted.sha256.toString('hex') },
  },
  secrets: { 'github-actions-token': 'ghp_canaryOfThePlatform' },
} satisfies MigrateEvent;

/** Every row of every table, as text. */
async function everything(): Promise<Map<string, string[]>> {
  const client = new pg.Client({ connectionString: own.url });
  await client.connect();
  const tables = await client.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`,
  );
  const rows = new Map<string, string[]>();
  for (const { name } of tables.rows) {
    const table = client.escapeIdentifier(name);
    const found = await client.query<{ row: string }>(`select to_jsonb(t)::text as row from ${table} t`);
    rows.set(
      name,
      found.rows.map(({ row }) => row),
    );
  }
  await client.end();
  return rows;
}

test('a first release makes the schema and lets the operator in', async () => {
  const applied = await migrate(event);
  expect(applied[0]).toMatch(/^0001_/);
  const { accounts } = repositories(db);
  const user = await accounts.findByApiToken(apiTokenHash(minted.token) ?? Buffer.alloc(0));
  expect(user).toMatchObject({ githubLogin: 'operator' });
  const sealed = (await accounts.findGithubGrant(user?.id ?? ''))?.sealed;
  expect(await sealer.open(sealed ?? '', githubTokenContext(user?.id ?? ''))).toBe('gho_canaryOfTheOperator');
  const read = readPlatformSecret({ store: repositories(db), sealer }, 'github-actions-token');
  expect(await read()).toBe('ghp_canaryOfThePlatform');
});

test('the same release again changes nothing but how the same secrets are sealed', async () => {
  await migrate(event);
  const facts = async () => ({
    users: await db.query(sql`select id, github_id, github_login, created_at from users`),
    tokens: await db.query(sql`select * from api_tokens`),
    secrets: await db.query(sql`select name from platform_secrets`),
    applied: await db.query(sql`select name from schema_migrations order by id`),
  });
  const once = await facts();
  expect(await migrate(event)).toEqual([]);
  expect(await facts()).toEqual(once);
  expect(once.users).toHaveLength(1);
  expect(once.tokens).toHaveLength(1);
  expect(await readPlatformSecret({ store: repositories(db), sealer }, 'github-actions-token')()).toBe(
    'ghp_canaryOfThePlatform',
  );
});

test('several releases at once are as one', async () => {
  await migrate({});
  await Promise.all([migrate(event), migrate(event), migrate(event)]);
  const rows = await everything();
  expect([rows.get('users')?.length, rows.get('api_tokens')?.length, rows.get('platform_secrets')?.length]).toEqual([
    1, 1, 1,
  ]);
});

test('no secret is anywhere in the database or in the log, in any form that could be read back without the key', async () => {
  await migrate(event);
  const rows = await everything();
  expect(rows.get('platform_secrets')).toHaveLength(1);
  const all = `${[...rows.values()].flat().join('\n')}\n${logged.join('\n')}`;
  expect(all).toContain('v2.');
  for (const secret of ['gho_canaryOfTheOperator', 'ghp_canaryOfThePlatform', minted.token]) {
    const bytes = Buffer.from(secret);
    for (const form of [secret, secret.slice(8), bytes.toString('hex'), bytes.toString('base64').slice(0, -4)]) {
      expect(all).not.toContain(form);
    }
  }
});

test('what an event does not name stays as it is; what it names anew is replaced', async () => {
  await migrate(event);
  await migrate({});
  const { github_id: githubId } = event.operator;
  await migrate({ operator: { github_id: githubId, github_login: 'renamed' } });
  const { accounts } = repositories(db);
  const user = await accounts.findByApiToken(minted.sha256);
  expect(user?.githubLogin).toBe('renamed');
  const opened = async () =>
    sealer.open((await accounts.findGithubGrant(user?.id ?? ''))?.sealed ?? '', githubTokenContext(user?.id ?? ''));
  expect(await opened()).toBe('gho_canaryOfTheOperator');
  const secret = readPlatformSecret({ store: repositories(db), sealer }, 'github-actions-token');
  expect(await secret()).toBe('ghp_canaryOfThePlatform');

  await migrate({
    operator: { github_id: githubId, github_login: 'renamed', github_token: 'gho_new' },
    secrets: { 'github-actions-token': 'ghp_new' },
  });
  expect([await opened(), await secret()]).toEqual(['gho_new', 'ghp_new']);
});

test('who may sign in is replaced by a release that says so, and by no other', async () => {
  const rules = () => repositories(db).signInRules.find();
  await migrate({ sign_in: { users: ['Operator', 'you'], organisations: ['Example-Org'] } });
  expect(await rules()).toEqual({ users: ['operator', 'you'], organisations: ['example-org'] });
  await migrate(event);
  expect(await rules()).toEqual({ users: ['operator', 'you'], organisations: ['example-org'] });
  await migrate({ sign_in: { organisations: ['another'] } });
  expect(await rules()).toEqual({ users: [], organisations: ['another'] });
  await migrate({ sign_in: {} });
  expect(await rules()).toEqual({ users: [], organisations: [] });
});

test('a sealed secret that is put in the place of another does not open', async () => {
  await migrate(event);
  await db.query(sql`update users set github_token_sealed = (select sealed from platform_secrets)`);
  const user = await repositories(db).accounts.findByApiToken(minted.sha256);
  const moved = (await repositories(db).accounts.findGithubGrant(user?.id ?? ''))?.sealed;
  await expect(sealer.open(moved ?? '', githubTokenContext(user?.id ?? ''))).rejects.toMatchObject({
    code: 'secret_unreadable',
  });
  expect(await sealer.open(moved ?? '', platformSecretContext('github-actions-token'))).toBe('ghp_canaryOfThePlatform');
});

test('a platform secret that is not set says so by its name', async () => {
  await migrate({});
  const read = readPlatformSecret({ store: repositories(db), sealer }, 'github-actions-token');
  await expect(read()).rejects.toMatchObject({
    code: 'secret_unreadable',
    message: 'the platform secret github-actions-token is not set',
  });
});
