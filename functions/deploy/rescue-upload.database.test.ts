import { randomBytes } from 'node:crypto';
import { showId } from '@miaobu/shared/kernel/ids';
import { deadlineSeconds, SILENCE_SECONDS } from '@miaobu/shared/model/deployment/deployment-lifecycle';
import { queueUpload } from '@miaobu/shared/model/deployment/queue-upload';
import { expect, test } from 'vitest';
import { manifestOf, putUpload, sha256Of, type Upload } from '../../tests/database/callback-under-test.ts';
import { eachTestHasASite } from '../../tests/database/each-test-has-a-site.ts';
import { findOverdue } from './find-overdue.ts';
import { rescueDeployment } from './rescue-deployment.ts';

const own = eachTestHasASite();

async function begin() {
  const nonce = randomBytes(16);
  const { id, attempt } = await own.stored.store.transaction(async (repositories) =>
    queueUpload(repositories, {
      project: own.site.project,
      environment: await repositories.environments.lock(own.site.environment.id),
      message: null,
      uploader: 'you',
      nonce,
      requestId: 'a test',
    }),
  );
  const ticket = own.stored.tokens.ticket({ deploymentId: id, attempt, nonce });
  return { id, run: own.deploy.callback.runOf({ shownId: showId('deployment', id), attempt, ticket }) };
}

/** What the minute timer does. No test here may request a run. */
async function tick(): Promise<void> {
  const { store } = own.stored;
  const never = () => Promise.reject(new Error('no run was ever started'));
  await findOverdue({ store })();
  await own.deploy.workOn({
    ...own.deploy.handlers,
    'deployment.rescue': rescueDeployment({
      store,
      buildRunner: { getRun: never, findRun: never },
      objectStore: own.cloud.objectStore,
    }),
  });
}
const abandoned = (reasonMessage: RegExp) => ({
  status: 'failed',
  attempt: 1,
  reason: 'upload_abandoned',
  reasonMessage: expect.stringMatching(reasonMessage),
});
/** No run was requested, and no message was given up. */
async function expectNoBuild() {
  const messages = await own.stored.messages();
  expect(messages.map(({ topic }) => topic)).not.toContain('build.start');
  expect(messages.map(({ topic }) => topic)).not.toContain('run.cancel');
  expect(messages.filter(({ lastError }) => lastError !== null)).toEqual([]);
}

test('an upload that does not start in time fails, and its ticket becomes invalid', async () => {
  const { id, run } = await begin();
  await own.stored.moveClock(deadlineSeconds.queued - 10);
  await tick();
  expect((await own.stored.deployment(id)).status).toBe('queued');
  await own.stored.moveClock(20);
  await tick();
  expect(await own.stored.deployment(id)).toMatchObject(abandoned(/did not begin/));
  expect(await run.redeem()).toMatchObject({ status: 409, code: 'attempt_closed' });
  await expectNoBuild();
});

test('a silent uploader is given up: its later reports are refused, and no build replaces it', async () => {
  const { id, run } = await begin();
  const { token } = (await run.redeem()).data;
  const publish = (await run.publication(token)).data.token;
  await own.stored.moveClock(SILENCE_SECONDS + 1);
  await tick();
  expect(await own.stored.deployment(id)).toMatchObject(abandoned(/stopped before it was complete/));
  expect(await run.uploads(publish, [{ sha256: sha256Of('x'), bytes: 1 }])).toMatchObject({ code: 'attempt_closed' });
  expect(await run.report(token, { seq: 1, kind: 'heartbeat' })).toMatchObject({ data: { stop: true } });
  await expectNoBuild();
});

test('one that reports gets more time, but not forever', async () => {
  const { id, run } = await begin();
  const { token } = (await run.redeem()).data;
  let passed = 0;
  const statusAfter = async (seconds: number) => {
    for (const end = passed + seconds; passed < end; passed += 120) {
      await own.stored.moveClock(120);
      await run.report(token, { seq: 1, kind: 'heartbeat' });
      await tick();
    }
    return (await own.stored.deployment(id)).status;
  };
  expect(await statusAfter(2 * deadlineSeconds.uploading)).toBe('uploading');
  expect(await statusAfter(60 * 60)).toBe('failed');
  await expectNoBuild();
});

test('one whose files are all uploaded goes live, though its last report was lost', async () => {
  const { id, run } = await begin();
  const publish = (await run.publication((await run.redeem()).data.token)).data.token;
  const content = '<h1>mine</h1>';
  const { uploads } = (await run.uploads(publish, [{ sha256: sha256Of(content), bytes: content.length }])).data;
  for (const upload of uploads as Upload[]) await putUpload(upload, content);
  const manifest = JSON.stringify(manifestOf({ 'index.html': content }));
  const place = await run.manifest(publish, { sha256: sha256Of(manifest), bytes: manifest.length });
  await putUpload(place.data as unknown as Upload, manifest);

  await own.stored.moveClock(SILENCE_SECONDS + 1);
  await tick();
  expect(await own.stored.deployment(id)).toMatchObject({ status: 'deployed', files: 1 });
  expect((await own.stored.environment(own.site.environment.id)).currentDeploymentId).toBe(id);
});
