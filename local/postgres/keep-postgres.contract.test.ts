import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PATIENCE } from '../../tests/patience.ts';
import { isProcessAlive } from '../processes/process-alive.ts';
import { startReaper } from '../processes/reaper.ts';
import { checkDatabase } from './check-database.ts';
import { keepPostgres } from './keep-postgres.ts';

// Each creates a database cluster, which takes a busy machine a while.
vi.setConfig({ testTimeout: 120_000 });

let home: string;
let directory: string;

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'miaobu-postgres-'));
  // When root starts the tests, Postgres runs as another user, who needs access.
  chmodSync(home, 0o711);
  directory = path.join(home, 'data');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

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

const eventually = <T>(work: () => Promise<T>) => vi.waitFor(work, PATIENCE);

test('a server that is killed comes back under the same address with what was committed, each time', async () => {
  const reaper = startReaper();
  const lines: string[] = [];
  const postgres = await keepPostgres({ directory, port: 0, reaper, log: (line) => lines.push(line) });
  try {
    await query(postgres.url(), 'create table kept as select 42 as answer');
    for (const _ of [1, 2]) {
      const { pid } = postgres;
      process.kill(pid, 'SIGKILL');
      await vi.waitUntil(() => postgres.pid !== pid, PATIENCE);
      expect(await eventually(() => query(postgres.url(), 'select answer from kept'))).toEqual([{ answer: 42 }]);
    }
    expect(lines.filter((line) => line.includes('is started again'))).toHaveLength(2);
  } finally {
    await postgres.stop();
    await reaper.close();
  }
  expect(isProcessAlive(postgres.pid)).toBe(false);
});

test('a main program that is killed leaves no server behind, and the server ends in order', async () => {
  const source = `
    import { startReaper } from ${JSON.stringify(import.meta.resolve('../processes/reaper.ts'))};
    import { keepPostgres } from ${JSON.stringify(import.meta.resolve('./keep-postgres.ts'))};
    const options = { directory: ${JSON.stringify(directory)}, port: 0, reaper: startReaper(), log() {} };
    console.log((await keepPostgres(options)).pid);
    setInterval(() => {}, 60_000);`;
  const { NODE_EXTRA_CA_CERTS: _, NODE_OPTIONS: __, ...env } = process.env;
  const program = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(program.stdout), 'line');
  program.kill('SIGKILL');
  await vi.waitUntil(() => !isProcessAlive(Number(line)), PATIENCE);
  expect(readFileSync(`${directory}.log`, 'utf8')).toContain('database system is shut down');

  const reaper = startReaper();
  const postgres = await keepPostgres({ directory, port: 0, reaper, log: () => {} });
  try {
    expect(postgres.adopted).toBe(false);
  } finally {
    await postgres.stop();
    await reaper.close();
  }
});

test('an external database is checked before it is used, and errors do not contain the password', async () => {
  const reaper = startReaper();
  const postgres = await keepPostgres({ directory, port: 0, reaper, log: () => {} });
  try {
    const url = postgres.url();
    expect(await checkDatabase(url)).toEqual({ installed: false });
    await query(url, 'create table schema_migrations (name text)');
    expect(await checkDatabase(url)).toEqual({ installed: true });

    await query(url, `create role guest login password 'guest'; revoke create on schema public from public`);
    const guest = Object.assign(new URL(url), { username: 'guest', password: 'guest' });
    await expect(checkDatabase(guest.href)).rejects.toThrow('its user may not create tables there');

    const wrong = new URL(url);
    wrong.password = 'not-the-password';
    await expect(checkDatabase(wrong.href)).rejects.toThrow(
      /^DATABASE_URL \([^ ]+\) cannot be used: password authentic/,
    );
    await expect(checkDatabase(wrong.href)).rejects.not.toThrow('not-the-password');
    await expect(checkDatabase(postgres.url('nowhere'))).rejects.toThrow('database "nowhere" does not exist');
    await expect(checkDatabase('localhost:5432')).rejects.toThrow('DATABASE_URL is not of the form postgres://');
  } finally {
    await postgres.stop();
    await reaper.close();
  }
  await expect(checkDatabase(postgres.url())).rejects.toThrow('ECONNREFUSED');
});
