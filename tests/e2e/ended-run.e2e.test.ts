import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type ApiClient, createClient } from '@miaobu/shared/contracts/client';
import { type Database, openDatabase } from '@miaobu/shared/db/database';
import { sql } from '@miaobu/shared/db/sql';
import { readId } from '@miaobu/shared/kernel/ids';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAccount } from '../../local/aliyun/account.ts';
import { GITHUB_PATH } from '../../local/gateway.ts';
import { BUILDS_REPOSITORY } from '../../local/platform-workflow.ts';
import { startPostgres } from '../../local/postgres/start-postgres.ts';
import { functionCompute } from '../crash/function-compute.ts';
import { shiftClock } from '../database/shift-clock.ts';
import { eventually } from './eventually.ts';
import { type GitSite, gitSite } from './git-site.ts';
import type { Platform } from './start-platform.ts';
import { startPreparedPlatform } from './start-prepared-platform.ts';
import { visit } from './visit.ts';

interface Run {
  readonly id: number;
  readonly status: string;
  readonly display_title: string;
}

/** What the local GitHub runs at once. */
const MACHINES = 2;

const endless = (n: number) => ({
  'package.json': JSON.stringify({ scripts: { build: 'node build.mjs' } }),
  'build.mjs': `setInterval(() => {}, ${1000 + n});`,
});

let platform: Platform;
let api: ApiClient;
let db: Database;
let site: GitSite;
let wakeDeploy: () => Promise<unknown>;
let github: (method: string, path: string) => Promise<Response>;

beforeAll(async () => {
  platform = await startPreparedPlatform();
  api = createClient({ origin: platform.apiUrl, token: platform.token });
  // It runs already: this only says where.
  const postgres = await startPostgres({ directory: path.join(platform.home, 'postgres/data'), port: 0 });
  db = openDatabase({ url: postgres.url('miaobu'), poolSize: 1 });
  site = await gitSite(platform.gitUrl, 'dev/waits');
  const secrets = JSON.parse(readFileSync(path.join(platform.home, 'secrets.json'), 'utf8')) as Record<string, string>;
  const { origin } = new URL(platform.gitUrl);
  const functions = functionCompute(origin, createAccount(secrets.accountSeed ?? '').operator);
  wakeDeploy = () => functions.invoke('deploy');
  github = (method, of) =>
    fetch(`${origin}${GITHUB_PATH}/api/v3/repos/${BUILDS_REPOSITORY}/actions${of}`, {
      method,
      headers: { authorization: `Bearer ${secrets.actionsToken}` },
    });
}, 400_000);
afterAll(async () => {
  site?.remove();
  await db?.close();
  await platform?.stop();
  platform?.clean();
});

const runs = async () => ((await (await github('GET', '/runs')).json()) as { workflow_runs: Run[] }).workflow_runs;
const withStatus = async (status: string) => (await runs()).filter((run) => run.status === status);
const cancel = async ({ id }: Run) => expect((await github('POST', `/runs/${id}/cancel`)).status).toBe(202);

/** As much later for the platform; then its timer fires. */
async function later(seconds: number): Promise<void> {
  await shiftClock(db, seconds);
  await wakeDeploy();
}

test('a run that waits for a machine keeps its attempt; one that is cancelled at GitHub before it begins is replaced within two minutes', async () => {
  await site.commit({ 'index.html': 'first' });
  await site.push();
  const { data: project } = await api('createProject', { body: { repo: 'dev/waits' } });
  const shows = async (text: string) => ((await visit(project.url)).body.includes(text) ? true : undefined);
  await eventually(() => shows('first'), 'the site is live');

  for (let n = 1; n <= MACHINES; n++) {
    await site.commit(endless(n));
    await site.push();
    await eventually(
      async () => ((await withStatus('in_progress')).length === n ? true : undefined),
      `${n} machines are busy`,
    );
    // What still waits for its build would be superseded by the next push.
    await eventually(async () => {
      const { data } = await api('listDeployments', { params: { project: project.slug }, query: { limit: 1 } });
      return data[0]?.status === 'building' ? true : undefined;
    }, 'the build is under way');
  }
  await site.commit({ 'package.json': null, 'build.mjs': null, 'index.html': 'at last' });
  await site.push();
  const waiting = await eventually(async () => (await withStatus('queued'))[0], 'a run waits for a machine');
  const { data } = await api('listDeployments', { params: { project: project.slug }, query: { limit: 1 } });
  const id = readId('deployment', data[0]?.id ?? '') ?? '';
  expect(waiting.display_title).toBe(`${data[0]?.id} attempt 1`);
  const attempts = () =>
    db.query<{ state: string; wasAsked: boolean }>(sql`
      select state, run_asked_at is not null as was_asked from build_attempts where deployment_id = ${id} order by attempt`);
  await eventually(
    async () => ((await attempts())[0]?.state === 'dispatched' ? true : undefined),
    'the run is recorded',
  );

  await later(20 * 60);
  await eventually(async () => ((await attempts())[0]?.wasAsked ? true : undefined), 'GitHub is asked about it');
  expect(await attempts()).toMatchObject([{ state: 'dispatched' }]);

  await cancel(waiting);
  await later(60);
  await later(60);
  const replacement = await eventually(async () => (await withStatus('queued'))[0], 'it is replaced');
  expect(replacement.display_title).toBe(`${data[0]?.id} attempt 2`);
  expect((await attempts())[0]).toMatchObject({ state: 'abandoned' });

  for (const run of await withStatus('in_progress')) await cancel(run);
  await eventually(() => shows('at last'), 'the second attempt is live');
}, 600_000);
