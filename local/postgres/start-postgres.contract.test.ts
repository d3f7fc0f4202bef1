import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PATIENCE } from '../../tests/patience.ts';
import { isProcessAlive } from '../processes/process-alive.ts';
import { ensureDatabase } from './ensure-database.ts';
import { type Postgres, type PostgresOptions, startPostgres } from './start-postgres.ts';

// Each creates a database cluster, which takes a busy machine a while.
vi.setConfig({ testTimeout: 120_000 });

let home: string;
let directory: string;
let started: Postgres[];
let programs: ChildProcess[];

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'miaobu-postgres-'));
  // When root starts the tests, Postgres runs as another user, who needs access.
  chmodSync(home, 0o711);
  directory = path.join(home, 'data');
  started = [];
  programs = [];
});

afterEach(async () => {
  for (const program of programs) program.kill('SIGKILL');
  await Promise.all(started.map((postgres) => postgres.stop()));
  rmSync(home, { recursive: true, force: true });
});

async function start(options: Partial<PostgresOptions> = {}): Promise<Postgres> {
  const postgres = await startPostgres({ directory, port: 0, ...options });
  started.push(postgres);
  return postgres;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Another program that starts Postgres and stays; resolves with the id of the server's process. */
async function startInAnotherProgram(): Promise<{ program: ChildProcess; postmaster: number }> {
  const source = `
    import { startPostgres } from ${JSON.stringify(import.meta.resolve('./start-postgres.ts'))};
    const { pid } = await startPostgres({ directory: ${JSON.stringify(directory)}, port: 0 });
    console.log(pid);
    setInterval(() => {}, 60_000);`;
  const { NODE_EXTRA_CA_CERTS: _, NODE_OPTIONS: __, ...env } = process.env;
  const program = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  programs.push(program);
  const ended = once(program, 'exit').then(() => Promise.reject(new Error('the other program ended early')));
  const [line] = await Promise.race([once(createInterface(program.stdout), 'line'), ended]);
  ended.catch(() => {});
  return { program, postmaster: Number(line) };
}

const gone = (pid: number) => vi.waitUntil(() => !isProcessAlive(pid), PATIENCE);

test('a restart finds the data, the password and the port of the last run', async () => {
  const first = await start();
  await query(first.url(), 'create table kept as select 42 as answer');
  await first.stop();
  expect(isProcessAlive(first.pid)).toBe(false);
  await expect(query(first.url(), 'select 1')).rejects.toThrow('ECONNREFUSED');

  const second = await start();
  expect(second.adopted).toBe(false);
  expect(second.url()).toBe(first.url());
  expect(await query(second.url(), 'select answer from kept')).toEqual([{ answer: 42 }]);
});

test('commits are durable, and the password is one that only the owner can read', async () => {
  const postgres = await start({ maxConnections: 17 });
  const settings = 'fsync synchronous_commit full_page_writes max_connections'.split(' ');
  const shown = await query(
    postgres.url(),
    `select name, setting from pg_settings where name = any('{${settings}}') order by name`,
  );
  expect(shown.map(({ name, setting }) => `${name} ${setting}`)).toEqual([
    'fsync on',
    'full_page_writes on',
    'max_connections 17',
    'synchronous_commit on',
  ]);
  expect(statSync(`${directory}.password`).mode & 0o777).toBe(0o600);
  const guess = new URL(postgres.url());
  guess.password = 'postgres';
  await expect(query(guess.href, 'select 1')).rejects.toThrow('password authentication failed');
});

test('no committed row is lost when the server is killed', async () => {
  const first = await start();
  await query(first.url(), 'create table committed (n int)');
  for (const n of [1, 2, 3]) await query(first.url(), `insert into committed values (${n})`);
  process.kill(first.pid, 'SIGKILL');
  await gone(first.pid);

  const second = await start();
  expect(second.adopted).toBe(false);
  expect(await query(second.url(), 'select n from committed order by n')).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
});

test('a killed program leaves a server behind, and the next start adopts it', async () => {
  const { program, postmaster } = await startInAnotherProgram();
  program.kill('SIGKILL');
  await once(program, 'exit');

  const postgres = await start();
  expect(postgres).toMatchObject({ adopted: true, pid: postmaster });
  expect(await query(postgres.url(), 'select 1 as one')).toEqual([{ one: 1 }]);
  await postgres.stop();
  expect(isProcessAlive(postmaster)).toBe(false);
});

test('an orphan on another port than the one asked for is replaced', async () => {
  const { program, postmaster } = await startInAnotherProgram();
  program.kill('SIGKILL');
  await once(program, 'exit');

  const port = await freePort();
  const postgres = await start({ port });
  expect(postgres.adopted).toBe(false);
  expect(new URL(postgres.url()).port).toBe(String(port));
  expect(isProcessAlive(postmaster)).toBe(false);
});

test('a killed server whose parent never collects it does not block the next start', async () => {
  const { program, postmaster } = await startInAnotherProgram();
  program.kill('SIGSTOP');
  process.kill(postmaster, 'SIGKILL');
  await gone(postmaster);
  // Still in the process table: to Postgres itself it looks alive.
  expect(() => process.kill(postmaster, 0)).not.toThrow();

  const postgres = await start();
  expect(postgres.adopted).toBe(false);
  expect(await query(postgres.url(), 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('an empty lock file, as a crash of the machine leaves it, does not block the next start', async () => {
  const first = await start();
  await first.stop();
  const lockFile = path.join(directory, 'postmaster.pid');
  writeFileSync(lockFile, '');
  utimesSync(lockFile, 0, 0);

  const second = await start();
  expect(second.adopted).toBe(false);
  expect(await query(second.url(), 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('two starts at the same moment end with one server', async () => {
  const [one, other] = await Promise.all([start(), start()]);
  expect(one.pid).toBe(other.pid);
  expect([one.adopted, other.adopted].filter(Boolean)).toHaveLength(1);
});

test('a data directory of another major version is refused', async () => {
  mkdirSync(directory);
  writeFileSync(path.join(directory, 'PG_VERSION'), '15\n');
  await expect(start()).rejects.toThrow(/was created by Postgres 15, and this is Postgres 18: move it away/);
});

test('a port in use is named in the error', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  try {
    await expect(start({ port })).rejects.toThrow(`Postgres cannot have port ${port}: something else listens there.`);
  } finally {
    other.close();
  }
});

test('a database is created once, however many ask for it', async () => {
  const postgres = await start();
  await Promise.all([1, 2, 3].map(() => ensureDatabase(postgres.url(), 'it "is" mine')));
  await ensureDatabase(postgres.url(), 'it "is" mine');
  expect(await query(postgres.url(), `select datname from pg_database where datname like 'it%'`)).toEqual([
    { datname: 'it "is" mine' },
  ]);
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
