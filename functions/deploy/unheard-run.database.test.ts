import { buildInputs } from '@miaobu/shared/contracts/build-job';
import { sql } from '@miaobu/shared/db/sql';
import { showId } from '@miaobu/shared/kernel/ids';
import { TICKET_SECONDS } from '@miaobu/shared/model/build/build-tokens';
import {
  BUILD_CAP_SECONDS,
  deadlineSeconds,
  MAX_ATTEMPTS,
  QUEUE_CAP_SECONDS,
  SILENCE_SECONDS,
} from '@miaobu/shared/model/deployment/deployment-lifecycle';
import type { BuildRun } from '@miaobu/shared/ports/build-runner';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { manifestOf, putUpload, sha256Of, type Upload } from '../../tests/database/callback-under-test.ts';
import { eachTestHasASite } from '../../tests/database/each-test-has-a-site.ts';
import { eachTestHasGithub } from '../../tests/database/github-under-test.ts';
import { queueTestDeployment } from '../../tests/database/prepare-deployment.ts';
import { PATIENCE } from '../../tests/patience.ts';
import { cancelRun } from './cancel-run.ts';
import { findOverdue } from './find-overdue.ts';
import { rescueDeployment } from './rescue-deployment.ts';
import { startBuild } from './start-build.ts';

const own = eachTestHasASite();
const github = eachTestHasGithub();

/** How often GitHub was asked about a run. */
let asked = 0;
/** What GitHub says instead of the truth: a test's runs need no machines, so none ever waits for one. */
let said: ((run: BuildRun | undefined) => BuildRun | undefined) | undefined;
beforeEach(() => {
  asked = 0;
  said = undefined;
});

/** What `deploy` does when it is woken up. */
async function wakeUp(): Promise<void> {
  const { store, tokens } = own.stored;
  const buildRunner = {
    ...github.buildRunner,
    async getRun(runId: string) {
      asked += 1;
      const run = await github.buildRunner.getRun(runId);
      return said ? said(run) : run;
    },
  };
  await findOverdue({ store })();
  await own.deploy.workOn({
    ...own.deploy.handlers,
    'build.start': startBuild({ store, tokens, buildRunner, controlOrigin: 'https://api.control.example' }),
    'run.cancel': cancelRun({ store, buildRunner }),
    'deployment.rescue': rescueDeployment({ store, buildRunner, objectStore: own.cloud.objectStore }),
  });
}

/** Lets time pass, with a wake-up every so many seconds. */
async function minutes(count: number, each = 60): Promise<void> {
  for (let passed = 0; passed < count * 60; passed += each) {
    await own.stored.moveClock(each);
    await wakeUp();
  }
}

/** The newest run of an attempt, with the calls it may make and the means to end it. */
async function runOf(id: string, attempt: number) {
  const shownId = showId('deployment', id);
  const find = () =>
    github.runs.findLast(({ run }) => run.inputs.deployment_id === shownId && run.inputs.attempt === String(attempt));
  const { run, end } = await vi.waitUntil(find, PATIENCE);
  const { ticket } = buildInputs.parse(run.inputs);
  const calls = own.deploy.callback.runOf({ shownId, attempt, ticket });
  const isOver = async () => (await github.buildRunner.getRun(String(run.id)))?.conclusion !== undefined;
  return {
    calls,
    run,
    page: async () => (await github.buildRunner.getRun(String(run.id)))?.url,
    redeem: async () => String((await calls.redeem()).data.token),
    /** The machine is gone, and GitHub knows. */
    async fail() {
      end({ conclusion: 'failure', exitCode: 137 });
      await vi.waitUntil(isOver, PATIENCE);
    },
    /** Somebody presses "Cancel workflow" on GitHub. */
    async cancel() {
      await github.buildRunner.cancel(String(run.id));
      await vi.waitUntil(isOver, PATIENCE);
    },
  };
}

async function started() {
  const { id } = await queueTestDeployment(own.stored, own.site);
  await wakeUp();
  return { id, run: await runOf(id, 1) };
}
const deployment = (id: string) => own.stored.deployment(id);

describe('a run that ends before it redeems its ticket', () => {
  test('is replaced within two minutes, and refused if it comes after all', async () => {
    const { id, run } = await started();
    await run.fail();
    await minutes(2);
    expect(await deployment(id)).toMatchObject({ status: 'queued', attempt: 2 });
    expect(await run.calls.redeem()).toMatchObject({ status: 409, code: 'attempt_closed' });
    await (await runOf(id, 2)).redeem();
    expect(await deployment(id)).toMatchObject({ status: 'cloning', attempt: 2 });
    expect(await own.stored.messages('run.cancel'), 'there is nothing left to cancel').toEqual([]);
  });

  test('fails the deployment the third time, which says how it ended and where that can be seen', async () => {
    const { id } = await started();
    for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt++) {
      await (await runOf(id, attempt)).fail();
      await minutes(2);
    }
    const last = await runOf(id, MAX_ATTEMPTS);
    await last.cancel();
    await minutes(2);
    expect(await deployment(id)).toMatchObject({
      status: 'failed',
      reason: 'runner_error',
      reasonMessage: `The run on GitHub Actions ended (cancelled) before it began to build: ${await last.page()}`,
    });
  });
});

describe('a run that ends after it redeemed its ticket, without a last report,', () => {
  const manifest = JSON.stringify(manifestOf({ 'index.html': 'complete' }));

  async function uploading() {
    const { id, run } = await started();
    const publish = (await run.calls.publication(await run.redeem())).data.token;
    const blob = { sha256: sha256Of('complete'), bytes: 8 };
    for (const upload of (await run.calls.uploads(publish, [blob])).data.uploads as Upload[]) {
      await putUpload(upload, 'complete');
    }
    const described = { sha256: sha256Of(manifest), bytes: Buffer.byteLength(manifest) };
    return { id, run, place: (await run.calls.manifest(publish, described)).data as unknown as Upload };
  }

  test('is replaced sooner than one that is only silent, and its end is in the history', async () => {
    const { id, run } = await started();
    await run.redeem();
    await run.fail();
    await minutes(2);
    expect(2 * 60).toBeLessThan(SILENCE_SECONDS);
    expect(await deployment(id)).toMatchObject({ status: 'queued', attempt: 2 });
    const [event] = await own.stored.db.query<{ note: string }>(sql`
      select note from deployment_events where deployment_id = ${id} and from_status = 'cloning'`);
    expect(event?.note).toBe(`The run on GitHub Actions ended (failure) without a last report: ${await run.page()}`);
  });

  test('is adopted at once when its manifest is there', async () => {
    const { id, run, place } = await uploading();
    await putUpload(place, manifest);
    await run.fail();
    await minutes(2);
    expect(await deployment(id)).toMatchObject({ status: 'deployed', attempt: 1, files: 1 });
  });

  test('is not looked for while it runs, though its manifest is there: its last report is on its way', async () => {
    const { id, place } = await uploading();
    await putUpload(place, manifest);
    await minutes(2);
    expect(await deployment(id)).toMatchObject({ status: 'uploading', attempt: 1 });
  });

  test('is told from the second run of the attempt, which was refused', async () => {
    const { id, run } = await started();
    const { attempts } = own.stored.store;
    const inputs = buildInputs.parse(run.run.inputs);
    const second = await github.buildRunner.start({
      deploymentId: inputs.deployment_id,
      attempt: inputs.attempt,
      ticket: inputs.ticket,
      callbackUrl: inputs.callback_url,
      cacheScope: 'any',
    });
    await attempts.markDispatched({ deploymentId: id, attempt: 1 }, second.runId);
    await run.calls.redeem(`github-${run.run.id}-0123456789ab`);
    const refused = await runOf(id, 1);
    expect(String(refused.run.id)).toBe(second.runId);
    await refused.fail();
    await minutes(2);
    expect(await deployment(id)).toMatchObject({ status: 'cloning', attempt: 1 });
    await run.fail();
    await minutes(2);
    expect(await deployment(id)).toMatchObject({ status: 'queued', attempt: 2 });
  });
});

describe('a run that waits for a machine', () => {
  const waits = (run: BuildRun | undefined) => run && { ...run, state: 'queued' as const, conclusion: undefined };

  test('for longer than its ticket was good for builds when it gets one', async () => {
    const { id, run } = await started();
    said = waits;
    await minutes((2 * TICKET_SECONDS) / 60, 300);
    expect(await deployment(id)).toMatchObject({ status: 'queued', attempt: 1 });
    said = undefined;
    await minutes(2);
    expect(await deployment(id)).toMatchObject({ status: 'queued', attempt: 1 });
    await run.redeem();
    expect(await deployment(id)).toMatchObject({ status: 'cloning', attempt: 1 });
  });

  test('for hours is given up, and cancelled', async () => {
    const { id, run } = await started();
    said = waits;
    await minutes(QUEUE_CAP_SECONDS / 60 - 5, 300);
    expect(await deployment(id)).toMatchObject({ status: 'queued', attempt: 1 });
    await minutes(6);
    expect(await deployment(id)).toMatchObject({ status: 'queued', attempt: 2 });
    await vi.waitUntil(() => run.run.signal.aborted, PATIENCE);
  });
});

test('a run that got its machine and does not redeem its ticket while it is good is given up, and cancelled', async () => {
  const { id, run } = await started();
  await minutes(TICKET_SECONDS / 60 - 1);
  expect(await deployment(id)).toMatchObject({ status: 'queued', attempt: 1 });
  await minutes(2);
  expect(await deployment(id)).toMatchObject({ status: 'queued', attempt: 2 });
  await vi.waitUntil(() => run.run.signal.aborted, PATIENCE);
});

describe('a run that GitHub does not know', () => {
  test('concludes nothing before its ten minutes are over; then it is replaced', async () => {
    const { id } = await started();
    said = () => undefined;
    await minutes(deadlineSeconds.queued / 60 - 1);
    expect(await deployment(id)).toMatchObject({ status: 'queued', attempt: 1 });
    await minutes(2);
    expect(await deployment(id)).toMatchObject({ status: 'queued', attempt: 2 });
  });
});

test('while GitHub does not answer, nothing is concluded of a run that is over', async () => {
  const { id, run } = await started();
  await run.fail();
  github.faults.inject({ service: 'github', fault: { kind: 'error', status: 503 } });
  await minutes(deadlineSeconds.queued / 60 + 5);
  expect(await deployment(id)).toMatchObject({ status: 'queued', attempt: 1 });
  github.faults.clear();
  await minutes(2);
  expect(await deployment(id)).toMatchObject({ status: 'queued', attempt: 2 });
});

describe('while GitHub refuses to tell about runs', () => {
  // Nobody can start, ask about or cancel a run with a token that is no longer valid.
  const refuse = () => void github.faults.inject({ service: 'github', fault: { kind: 'error', status: 401 } });

  test('a silent build goes on for its hour and not longer', async () => {
    const { id, run } = await started();
    await run.redeem();
    refuse();
    await minutes(BUILD_CAP_SECONDS / 60 - 5, 300);
    expect(await deployment(id)).toMatchObject({ status: 'cloning', attempt: 1 });
    await minutes(8);
    expect(await deployment(id)).toMatchObject({ status: 'queued' });
  });

  test('a run that never began is given up after the hours that it may wait for a machine', async () => {
    const { id } = await started();
    refuse();
    await minutes(QUEUE_CAP_SECONDS / 60 - 5, 300);
    expect(await deployment(id)).toMatchObject({ status: 'queued', attempt: 1 });
    await minutes(8);
    expect(await own.stored.messages('build.start')).toHaveLength(2);
  });
});

describe('GitHub is asked', () => {
  test.each([
    ['that has not begun', async () => {}],
    ['that is silent', async (run: Awaited<ReturnType<typeof runOf>>) => void (await run.redeem())],
  ])('about a run %s once a minute at most, however often the doorbell rings', async (_, reach) => {
    const { run } = await started();
    await reach(run);
    await minutes(10, 10);
    expect(asked).toBeGreaterThanOrEqual(8);
    expect(asked).toBeLessThanOrEqual(10);
  });

  test('once a minute at most while it fails, too', async () => {
    await started();
    github.faults.inject({ service: 'github', fault: { kind: 'error', status: 503 } });
    await minutes(10, 10);
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThanOrEqual(10);
  });

  test('nothing about a run that reports', async () => {
    const { run } = await started();
    const token = await run.redeem();
    await run.calls.report(token, { seq: 1, kind: 'building' });
    for (let halfMinute = 0; halfMinute < 20; halfMinute++) {
      await run.calls.report(token, { seq: 2, kind: 'heartbeat' });
      await minutes(0.5, 15);
    }
    expect(asked).toBe(0);
  });
});
