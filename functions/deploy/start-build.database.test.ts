import { buildInputs } from '@miaobu/shared/contracts/build-job';
import { sql } from '@miaobu/shared/db/sql';
import { showId } from '@miaobu/shared/kernel/ids';
import { cancelDeployment } from '@miaobu/shared/model/deployment/cancel-deployment';
import { triesOfTopics } from '@miaobu/shared/model/outbox/tries-of-topics';
import type { BuildRunner } from '@miaobu/shared/ports/build-runner';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { callbackUnderTest } from '../../tests/database/callback-under-test.ts';
import { workerUnderTest } from '../../tests/database/deploy-under-test.ts';
import { eachTestHasGithub } from '../../tests/database/github-under-test.ts';
import {
  openTestStore,
  prepareSite,
  queueTestDeployment,
  type Site,
  type TestStore,
} from '../../tests/database/prepare-deployment.ts';
import { PATIENCE } from '../../tests/patience.ts';
import { cancelRun } from './cancel-run.ts';
import { startBuild } from './start-build.ts';

let stored: TestStore;
const github = eachTestHasGithub();
let site: Site;

beforeAll(async () => {
  stored = await openTestStore();
});
beforeEach(async () => {
  await stored.empty();
  site = await prepareSite(stored);
});
afterAll(async () => {
  await stored.close();
});

const CONTROL = 'https://api.control.example';
const work = (buildRunner: BuildRunner = github.buildRunner) =>
  workerUnderTest(stored)({
    'build.start': startBuild({ store: stored.store, tokens: stored.tokens, buildRunner, controlOrigin: CONTROL }),
    'run.cancel': cancelRun({ store: stored.store, buildRunner }),
  });
/** Runs of a deployment, once everything that was requested has started. */
async function runsOf(id: string) {
  const mine = () => github.runs.filter(({ run }) => run.inputs.deployment_id === showId('deployment', id));
  const path = '/repos/miaobu/platform/actions/runs?status=queued';
  const waiting = async () =>
    ((await (await github.github.api(path, { token: 'token-of-miaobu' })).json()) as { total_count: number })
      .total_count;
  await vi.waitUntil(async () => (await waiting()) === 0, PATIENCE);
  return mine();
}
const attemptOf = (id: string, attempt = 1) => stored.store.attempts.find({ deploymentId: id, attempt });
const startMessage = async () => (await stored.messages('build.start'))[0];

test('a queued deployment gets its first attempt and a run that can redeem it', async () => {
  const { id } = await queueTestDeployment(stored, site);
  await work();
  const [started, ...others] = await runsOf(id);
  expect(others).toEqual([]);
  const inputs = buildInputs.parse(started?.run.inputs);
  expect(inputs).toMatchObject({
    deployment_id: showId('deployment', id),
    attempt: 1,
    callback_url: CONTROL,
    cache_scope: showId('environment', site.environment.id),
  });
  expect(await attemptOf(id)).toMatchObject({ state: 'dispatched', runId: String(started?.run.id), redeemer: null });
  expect(await stored.deployment(id)).toMatchObject({ status: 'queued', attempt: 1 });

  // No fetching or uploading here: only the ticket matters.
  const callback = callbackUnderTest(stored, {
    codeHost: { archiveUrl: async () => 'https://archive.example/site.tar.gz' },
    objectStore: { presignPut: () => Promise.reject(new Error('not asked for')) },
    buildLog: { append: () => Promise.reject(new Error('not asked for')) },
  });
  const run = callback.runOf({ shownId: inputs.deployment_id, attempt: inputs.attempt, ticket: inputs.ticket });
  expect((await run.redeem()).status).toBe(200);
});

test('the attempt is committed before the run is requested, and the ticket is not stored', async () => {
  const { id } = await queueTestDeployment(stored, site);
  let ticket = '';
  await work({
    ...github.buildRunner,
    // The test's own port, to inspect the database at the moment of the call.
    async start(attempt) {
      ticket = attempt.ticket;
      expect(await attemptOf(id, attempt.attempt)).toMatchObject({ state: 'dispatching' });
      return github.buildRunner.start(attempt);
    },
  });
  expect(ticket).toMatch(/^mb_tkt_/);
  const [row] = await stored.db.query<object>(sql`select build_attempts::text as everything from build_attempts`);
  expect(JSON.stringify(row)).not.toContain(ticket);
  expect(await attemptOf(id)).toMatchObject({ state: 'dispatched' });
});

test('when GitHub’s answer is lost the run is found and adopted, and no second one is started', async () => {
  const { id } = await queueTestDeployment(stored, site);
  github.faults.inject({
    service: 'github',
    method: 'POST',
    path: '/dispatches',
    times: 1,
    fault: { kind: 'lost-response' },
  });
  await work();
  const runs = await runsOf(id);
  expect(runs).toHaveLength(1);
  expect(await attemptOf(id)).toMatchObject({ state: 'dispatched', runId: String(runs[0]?.run.id) });
  expect(await startMessage()).toMatchObject({ state: 'done', attempts: 2 });
});

test('a worker that dies after the run was started leaves one attempt, and one run', async () => {
  const { id } = await queueTestDeployment(stored, site);
  let died = false;
  await work({
    ...github.buildRunner,
    async start(attempt) {
      const started = await github.buildRunner.start(attempt);
      if (died) return started;
      died = true;
      throw new Error('the power went out');
    },
  });
  expect(await runsOf(id)).toHaveLength(1);
  expect(await stored.deployment(id)).toMatchObject({ attempt: 1 });
  expect(await attemptOf(id)).toMatchObject({ state: 'dispatched' });
});

test('a worker that dies before the run was requested uses the same attempt and ticket again', async () => {
  const { id } = await queueTestDeployment(stored, site);
  const tickets: string[] = [];
  await work({
    ...github.buildRunner,
    start(attempt) {
      tickets.push(attempt.ticket);
      if (tickets.length === 1) throw new Error('the power went out');
      return github.buildRunner.start(attempt);
    },
  });
  expect(tickets).toEqual([tickets[0], tickets[0]]);
  expect(await runsOf(id)).toHaveLength(1);
});

test('an outage of GitHub is waited out', async () => {
  const { id } = await queueTestDeployment(stored, site);
  github.faults.inject({ service: 'github', times: 2, fault: { kind: 'error', status: 502 } });
  await work();
  expect(await startMessage()).toMatchObject({ state: 'done', attempts: 3 });
  expect(await runsOf(id)).toHaveLength(1);
});

test('when GitHub asks to slow down nothing more is requested for a minute', async () => {
  const { id } = await queueTestDeployment(stored, site);
  github.faults.inject({ service: 'github', times: 1, fault: { kind: 'error', status: 429 } });
  await work();
  expect(await startMessage()).toMatchObject({ state: 'pending', attempts: 1 });
  expect(await stored.deployment(id)).toMatchObject({ status: 'queued' });
  await stored.moveClock(91);
  await work();
  expect(await runsOf(id)).toHaveLength(1);
});

const misconfigured: [what: string, config: { token?: string; workflow?: string }, remedy: string][] = [
  ['the platform’s token is no longer valid', { token: 'revoked' }, 'github-actions-token'],
  ['the platform’s workflow is missing', { workflow: 'other.yml' }, 'other.yml'],
];

test.each(misconfigured)(
  'when %s no deployment fails: the operator is alerted once, at the first refusal, and builds start when it is mended',
  async (_, config, remedy) => {
    const other = await prepareSite(stored, { slug: `next-to-${site.project.slug}` });
    const waiting = [await queueTestDeployment(stored, site), await queueTestDeployment(stored, other)];
    const refused = github.buildRunnerWith(config);
    for (let tenMinutes = 0; tenMinutes < 12; tenMinutes++) {
      await work(refused);
      await stored.moveClock(600);
    }
    const alarms = await stored.db.query<{ details: { remedy: string } }>(
      sql`select details from audit_log where action = 'access.refused'`,
    );
    expect(alarms.map(({ details }) => details.remedy)).toEqual([expect.stringContaining(remedy)]);
    expect((await stored.messages('alert.send')).length).toBeGreaterThan(0);
    for (const { id } of waiting) expect(await stored.deployment(id)).toMatchObject({ status: 'queued', attempt: 1 });

    await work();
    for (const { id } of waiting) expect(await runsOf(id)).toHaveLength(1);
  },
);

test('a build that the platform’s own fault keeps from starting for hours fails, and says that its operator knows', async () => {
  const { id } = await queueTestDeployment(stored, site);
  const refused = github.buildRunnerWith({ token: 'revoked' });
  for (let tries = 0; tries < triesOfTopics['build.start']; tries++) {
    await work(refused);
    await stored.moveClock(600);
  }
  expect(await stored.deployment(id)).toMatchObject({
    status: 'failed',
    reason: 'platform_misconfigured',
    reasonMessage:
      'The platform’s access to GitHub Actions is refused. Its operator has been alerted. Deploy again when it is mended.',
  });
});

test('a deployment that was replaced while it waited is left alone', async () => {
  const older = await queueTestDeployment(stored, site);
  const newer = await queueTestDeployment(stored, site);
  expect(await stored.deployment(older.id)).toMatchObject({ status: 'cancelled', reason: 'superseded' });
  await work();
  expect(await runsOf(newer.id)).toHaveLength(1);
  expect(await runsOf(older.id)).toEqual([]);
  expect(await stored.deployment(older.id)).toMatchObject({ status: 'cancelled', attempt: 0 });
});

test('a deployment that is replaced after its run was requested has the run cancelled', async () => {
  const older = await queueTestDeployment(stored, site);
  await work();
  const [started] = await runsOf(older.id);
  await queueTestDeployment(stored, site);
  await work();
  await vi.waitUntil(() => started?.run.signal.aborted, PATIENCE);
  expect(await attemptOf(older.id)).toMatchObject({ state: 'abandoned' });
});

test('a repeated message starts nothing again', async () => {
  const { id } = await queueTestDeployment(stored, site);
  await work();
  await stored.db.query(sql`update outbox set state = 'pending' where topic = 'build.start'`);
  await work();
  expect(await runsOf(id)).toHaveLength(1);
  expect(await stored.deployment(id)).toMatchObject({ attempt: 1 });
});

test('a run whose deployment is cancelled while it is requested is cancelled, too', async () => {
  const { id } = await queueTestDeployment(stored, site);
  await work({
    ...github.buildRunner,
    async start(attempt) {
      const cancel = { deploymentId: id, reason: 'user', message: 'no longer wanted', requestId: 'a test' } as const;
      await stored.store.transaction((repositories) => cancelDeployment(repositories, 'api', cancel));
      // The run does not exist yet, so the handler that should cancel it finds nothing.
      await workerUnderTest(stored)({
        'run.cancel': cancelRun({ store: stored.store, buildRunner: github.buildRunner }),
      });
      expect(await stored.messages('run.cancel')).toMatchObject([{ state: 'done' }]);
      return github.buildRunner.start(attempt);
    },
  });
  const [started] = await runsOf(id);
  await vi.waitUntil(() => started?.run.signal.aborted, PATIENCE);
  expect(await attemptOf(id)).toMatchObject({ state: 'abandoned', runId: String(started?.run.id) });
});
