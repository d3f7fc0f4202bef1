import { buildInputs } from '@miaobu/shared/contracts/build-job';
import { deploymentPrefix } from '@miaobu/shared/contracts/manifest';
import { sql } from '@miaobu/shared/db/sql';
import { showId } from '@miaobu/shared/kernel/ids';
import { cancelDeployment } from '@miaobu/shared/model/deployment/cancel-deployment';
import {
  BUILD_CAP_SECONDS,
  deadlineSeconds,
  MAX_ATTEMPTS,
  SILENCE_SECONDS,
  UNHEARD_SECONDS,
} from '@miaobu/shared/model/deployment/deployment-lifecycle';
import { describe, expect, test, vi } from 'vitest';
import { manifestOf, putUpload, sha256Of, type Upload } from '../../tests/database/callback-under-test.ts';
import { eachTestHasASite } from '../../tests/database/each-test-has-a-site.ts';
import { eachTestHasGithub } from '../../tests/database/github-under-test.ts';
import { prepareSite, queueTestDeployment } from '../../tests/database/prepare-deployment.ts';
import { PATIENCE } from '../../tests/patience.ts';
import { cancelRun } from './cancel-run.ts';
import { findOverdue } from './find-overdue.ts';
import { rescueDeployment } from './rescue-deployment.ts';
import { startBuild } from './start-build.ts';

const own = eachTestHasASite();
const github = eachTestHasGithub();

/** What the minute timer does for a build. */
async function tick(): Promise<void> {
  const { store, tokens } = own.stored;
  const { buildRunner } = github;
  await findOverdue({ store })();
  await own.deploy.workOn({
    ...own.deploy.handlers,
    'build.start': startBuild({ store, tokens, buildRunner, controlOrigin: 'https://api.control.example' }),
    'run.cancel': cancelRun({ store, buildRunner }),
    'deployment.rescue': rescueDeployment({ store, buildRunner, objectStore: own.cloud.objectStore }),
  });
}

/** The run of an attempt, with the calls it may make and the means to end it. */
async function runOf(id: string, attempt: number) {
  const shownId = showId('deployment', id);
  const find = () =>
    github.runs.find(({ run }) => run.inputs.deployment_id === shownId && run.inputs.attempt === String(attempt));
  const started = await vi.waitUntil(find, PATIENCE);
  const { ticket } = buildInputs.parse(started.run.inputs);
  const calls = own.deploy.callback.runOf({ shownId, attempt, ticket });
  return {
    calls,
    redeem: async () => String((await calls.redeem()).data.token),
    wasCancelled: () => started.run.signal.aborted,
    /** The machine is gone: GitHub says so, and there are no more reports. */
    async vanish() {
      started.end({ conclusion: 'failure', exitCode: 137 });
      const state = async () => (await github.buildRunner.getRun(String(started.run.id)))?.state;
      await vi.waitUntil(async () => (await state()) === 'failed', PATIENCE);
    },
  };
}
async function started() {
  const { id } = await queueTestDeployment(own.stored, own.site);
  await tick();
  return { id, run: await runOf(id, 1) };
}
const deployment = (id: string) => own.stored.deployment(id);
const attempt = (id: string, n: number) => own.stored.store.attempts.find({ deploymentId: id, attempt: n });
const rescues = async () => (await own.stored.messages('deployment.rescue')).length;

test('a deployment whose runner reported a moment ago is left alone', async () => {
  const { id, run } = await started();
  await run.redeem();
  await own.stored.moveClock(UNHEARD_SECONDS - 10);
  await tick();
  expect([await rescues(), (await deployment(id)).status]).toEqual([0, 'cloning']);
});

describe('a runner that is silent', () => {
  test("and gone is replaced: another attempt starts, and the old one's tokens are invalid", async () => {
    const { id, run } = await started();
    const token = await run.redeem();
    await run.calls.report(token, { seq: 1, kind: 'building' });
    await run.vanish();
    await own.stored.moveClock(SILENCE_SECONDS + 1);
    await tick();
    expect(await deployment(id)).toMatchObject({ status: 'queued', attempt: 2 });
    expect(await attempt(id, 1)).toMatchObject({ state: 'abandoned' });

    const stop = { status: 200, data: { ignored: true, stop: true } };
    expect(await run.calls.report(token, { seq: 2, kind: 'heartbeat' })).toMatchObject(stop);
    const failed = { seq: 3, kind: 'failed', code: 'build_failed', message: 'late' } as const;
    expect(await run.calls.report(token, failed)).toMatchObject(stop);
    expect(await run.calls.publication(token)).toMatchObject({ status: 409, code: 'attempt_closed' });
    expect(await run.calls.redeem()).toMatchObject({ status: 409, code: 'attempt_closed' });

    await (await runOf(id, 2)).redeem();
    expect(await deployment(id)).toMatchObject({ status: 'cloning', attempt: 2 });
  });

  test('but running, according to GitHub, gets more time; a report that arrives then is accepted', async () => {
    const { id, run } = await started();
    const token = await run.redeem();
    await own.stored.moveClock(deadlineSeconds.cloning + 1);
    await tick();
    expect([await rescues(), (await deployment(id)).attempt]).toEqual([1, 1]);
    expect(await run.calls.report(token, { seq: 1, kind: 'building' })).toMatchObject({ data: { ignored: false } });
    expect((await deployment(id)).status).toBe('building');
  });

  test('and running for more than an hour is given up, and its run cancelled', async () => {
    const { id, run } = await started();
    await run.redeem();
    await own.stored.moveClock(BUILD_CAP_SECONDS + 1);
    await tick();
    expect(await deployment(id)).toMatchObject({ status: 'queued', attempt: 2 });
    await vi.waitUntil(run.wasCancelled, PATIENCE);
  });

  test('three times in a row fails the deployment, with the reason', async () => {
    const { id } = await started();
    for (let n = 1; n <= MAX_ATTEMPTS; n++) {
      const run = await runOf(id, n);
      await run.redeem();
      await run.vanish();
      await own.stored.moveClock(SILENCE_SECONDS + 1);
      await tick();
    }
    expect(await deployment(id)).toMatchObject({ status: 'failed', reason: 'runner_error', attempt: MAX_ATTEMPTS });
    expect(await attempt(id, MAX_ATTEMPTS + 1)).toBeUndefined();
  });

  test('while GitHub is unavailable is neither given up nor replaced', async () => {
    const { id, run } = await started();
    await run.redeem();
    await own.stored.moveClock(SILENCE_SECONDS + 1);
    github.faults.inject({ service: 'github', fault: { kind: 'error', status: 503 } });
    await tick();
    expect(await deployment(id)).toMatchObject({ status: 'cloning', attempt: 1 });
  });
});

test('waiting for a build slot of the account uses up none of the build’s time', async () => {
  await own.stored.db.query(sql`update users set max_active_builds = 1`);
  const first = await started();
  const other = await prepareSite(own.stored, { slug: `${own.site.project.slug}-waits` });
  const { id } = await queueTestDeployment(own.stored, other);
  await tick();
  await own.stored.moveClock(BUILD_CAP_SECONDS + 10 * 60);
  const ending = { deploymentId: first.id, reason: 'user', message: 'no longer wanted', requestId: 'a test' } as const;
  await own.stored.store.transaction((repositories) => cancelDeployment(repositories, 'api', ending));
  await tick();
  const run = await runOf(id, 1);

  await tick();
  expect(await rescues()).toBe(0);
  await own.stored.moveClock(deadlineSeconds.queued + 1);
  await tick();
  expect(await rescues()).toBe(1);
  expect([await deployment(id), await attempt(id, 1)]).toMatchObject([
    { status: 'queued', attempt: 1 },
    { state: 'dispatched' },
  ]);
  expect(run.wasCancelled()).toBe(false);
});

test('a run that redeems its ticket during the check of it at GitHub continues', async () => {
  const { id, run } = await started();
  await own.stored.moveClock(deadlineSeconds.queued + 1);
  await findOverdue({ store: own.stored.store })();
  let token = '';
  const buildRunner = {
    ...github.buildRunner,
    // The ticket has to be redeemed between the check of the run and the conclusion.
    async getRun(runId: string) {
      token = await run.redeem();
      return { runId, state: 'failed', conclusion: 'failure', url: 'https://github.example/runs/1' } as const;
    },
  };
  const { objectStore } = own.cloud;
  await own.deploy.workOn({
    'deployment.rescue': rescueDeployment({ store: own.stored.store, buildRunner, objectStore }),
  });
  expect(await own.stored.messages('deployment.rescue')).toMatchObject([{ state: 'done' }]);
  expect(await own.stored.messages('run.cancel')).toEqual([]);
  expect([await deployment(id), await attempt(id, 1)]).toMatchObject([
    { status: 'cloning', attempt: 1 },
    { state: 'running' },
  ]);
  expect(await run.calls.report(token, { seq: 1, kind: 'building' })).toMatchObject({ data: { ignored: false } });
});

describe('a build whose last report is lost', () => {
  async function uploading() {
    const { id, run } = await started();
    const token = await run.redeem();
    const publish = (await run.calls.publication(token)).data.token;
    const files = { 'index.html': 'complete' };
    const blob = { sha256: sha256Of('complete'), bytes: 8 };
    for (const upload of (await run.calls.uploads(publish, [blob])).data.uploads as Upload[]) {
      await putUpload(upload, 'complete');
    }
    const manifest = JSON.stringify(manifestOf(files));
    const described = { sha256: sha256Of(manifest), bytes: Buffer.byteLength(manifest) };
    return { id, run, manifest, place: (await run.calls.manifest(publish, described)).data as unknown as Upload };
  }

  test('is adopted when its manifest exists: it is shown without another build', async () => {
    const { id, run, manifest, place } = await uploading();
    await putUpload(place, manifest);
    await run.vanish();
    await own.stored.moveClock(SILENCE_SECONDS + 1);
    await tick();
    expect(await deployment(id)).toMatchObject({ status: 'deployed', attempt: 1, files: 1 });
    expect(await own.deploy.shownAt(own.site.hostnames[0] ?? '', [id])).toBe(id);
  });

  test('is built again when its manifest does not exist', async () => {
    const { id, run } = await uploading();
    await run.vanish();
    await own.stored.moveClock(SILENCE_SECONDS + 1);
    await tick();
    expect(await deployment(id)).toMatchObject({ status: 'queued', attempt: 2 });
    expect(await own.deploy.shownAt(own.site.hostnames[0] ?? '', [id])).toBeUndefined();
  });

  test('and whose manifest is invalid is refused, as if it had been reported', async () => {
    const { id, run, place } = await uploading();
    const key = `${deploymentPrefix(own.site.project.slug, showId('deployment', id))}/manifest-1.json`;
    expect(place.url).toContain(key);
    await own.cloud.objectStore.put(key, Buffer.from('{"v":1}'));
    await run.vanish();
    await own.stored.moveClock(SILENCE_SECONDS + 1);
    await tick();
    expect(await deployment(id)).toMatchObject({ status: 'failed', reason: 'artifact_invalid' });
  });
});

test('a deployment that progresses before its rescue has the full time of its next status', async () => {
  const { id, run } = await started();
  const token = await run.redeem();
  await run.calls.publication(token);
  await own.stored.moveClock(deadlineSeconds.uploading + 1);
  await findOverdue({ store: own.stored.store })();
  const report = {
    seq: 1,
    kind: 'uploaded',
    manifest_sha256: sha256Of(''),
    manifest_bytes: 1,
    build_seconds: 1,
  } as const;
  await run.calls.report(token, report);
  const { objectStore } = own.cloud;
  const { store } = own.stored;
  await own.deploy.workOn({
    'deployment.rescue': rescueDeployment({ store, buildRunner: github.buildRunner, objectStore }),
  });
  expect(await own.stored.messages('deployment.rescue')).toMatchObject([{ state: 'done' }]);
  expect(await deployment(id)).toMatchObject({ status: 'deploying', reason: null });
});

test('a deployment that progresses during the check of its runner keeps the time of its next status', async () => {
  const { id, run } = await started();
  const token = await run.redeem();
  await run.calls.publication(token);
  await own.stored.moveClock(deadlineSeconds.uploading + 1);
  await findOverdue({ store: own.stored.store })();
  const report = {
    seq: 1,
    kind: 'uploaded',
    manifest_sha256: sha256Of(''),
    manifest_bytes: 1,
    build_seconds: 1,
  } as const;
  const buildRunner = {
    ...github.buildRunner,
    // The last report has to arrive between the check of the run and the conclusion.
    async getRun(runId: string) {
      const found = await github.buildRunner.getRun(runId);
      await run.calls.report(token, report);
      return found;
    },
  };
  const { objectStore } = own.cloud;
  await own.deploy.workOn({
    'deployment.rescue': rescueDeployment({ store: own.stored.store, buildRunner, objectStore }),
  });
  await own.stored.moveClock(deadlineSeconds.uploading + 1);
  await tick();
  expect(await deployment(id)).not.toMatchObject({ reason: 'publish_stuck' });
  expect(await own.stored.messages('deployment.rescue')).toHaveLength(1);
});

describe('a deployment that is not published within two hours', () => {
  const late = deadlineSeconds.deploying + 1;

  test('fails when it was never switched to', async () => {
    const id = await own.deploy.build(own.site, { 'index.html': 'page' });
    await own.stored.db.query(sql`delete from outbox`);
    await own.stored.moveClock(late);
    await tick();
    expect(await deployment(id)).toMatchObject({ status: 'failed', reason: 'publish_stuck', activatedAt: null });
  });

  test('does not fail when it is switched to at the very moment it is given up', async () => {
    const id = await own.deploy.build(own.site, { 'index.html': 'page' });
    await own.stored.moveClock(late);
    await findOverdue({ store: own.stored.store })();
    const { overdueDeployments } = own.stored.store;
    const handler = rescueDeployment({
      ...github,
      ...own.cloud,
      store: {
        ...own.stored.store,
        overdueDeployments: {
          ...overdueDeployments,
          // The switch has to come between finding the deployment and the conclusion.
          async find(...which) {
            const found = await overdueDeployments.find(...which);
            await own.deploy.workOn({ 'deployment.activate': own.deploy.handlers['deployment.activate'] });
            return found;
          },
        },
      },
    });
    await own.deploy.workOn({ 'deployment.rescue': handler });
    expect((await own.stored.environment(own.site.environment.id)).currentDeploymentId).toBe(id);
    await own.deploy.work();
    expect(await deployment(id)).toMatchObject({ status: 'deployed' });
  });

  test('is published again when it is current: a route that was given up recovers', async () => {
    const id = await own.deploy.build(own.site, { 'index.html': 'page' });
    await own.deploy.workOn({ 'deployment.activate': own.deploy.handlers['deployment.activate'] });
    own.cloud.faults.inject({ service: 'esa', action: 'PutKv', fault: { kind: 'error', status: 400 } });
    await tick();
    expect(await deployment(id)).toMatchObject({ status: 'deploying' });
    own.cloud.faults.clear();
    await own.stored.moveClock(late);
    await tick();
    expect(await deployment(id)).toMatchObject({ status: 'deployed', publishedAt: expect.any(Date) });
    expect(await own.deploy.shownAt(own.site.hostnames[0] ?? '', [id])).toBe(id);
  });
});
