import { sql } from '@miaobu/shared/db/sql';
import { showId } from '@miaobu/shared/kernel/ids';
import { deadlineSeconds } from '@miaobu/shared/model/deployment/deployment-lifecycle';
import { expect, test } from 'vitest';
import { eachTestHasASite } from '../../tests/database/each-test-has-a-site.ts';
import { eachTestHasGithub } from '../../tests/database/github-under-test.ts';
import { prepareSite, queueTestDeployment } from '../../tests/database/prepare-deployment.ts';
import { cancelRun } from './cancel-run.ts';
import { findOverdue } from './find-overdue.ts';
import { rescueDeployment } from './rescue-deployment.ts';
import { dutySeconds } from './run-duties.ts';
import { startBuild } from './start-build.ts';

const own = eachTestHasASite();
const github = eachTestHasGithub();

/** What a wake-up of `deploy` does for a build and its way to the edge. */
async function wakeUp(): Promise<void> {
  const { store, tokens } = own.stored;
  const { buildRunner } = github;
  if (await store.duties.take('find-overdue', dutySeconds['find-overdue'])) await findOverdue({ store })();
  await own.deploy.workOn({
    ...own.deploy.handlers,
    'build.start': startBuild({ store, tokens, buildRunner, controlOrigin: 'https://api.control.example' }),
    'run.cancel': cancelRun({ store, buildRunner }),
    'deployment.rescue': rescueDeployment({ store, buildRunner, objectStore: own.cloud.objectStore }),
  });
}
/** Wakes `deploy` every minute, `count` times. */
async function minutes(count: number): Promise<void> {
  for (let minute = 0; minute < count; minute++) {
    await wakeUp();
    await own.stored.moveClock(60);
  }
}
const given = async () => (await own.stored.messages()).filter(({ state }) => state === 'dead');
const status = async (id: string) => (await own.stored.deployment(id)).status;

test('a complete build goes live after an edge outage of an hour and a half, and nothing is given up', async () => {
  const id = await own.deploy.build(own.site, { 'index.html': 'hello' });
  own.cloud.faults.inject({ service: 'esa', fault: { kind: 'error', status: 503 } });
  await minutes(90);
  expect(await status(id)).toBe('deploying');
  own.cloud.faults.clear();
  // The longest backoff, for the switch and again for its publication.
  await minutes(21);
  expect([await status(id), await given()]).toEqual(['deployed', []]);
  expect(await own.deploy.shownAt(own.site.hostnames[0] ?? '', [id])).toBe(id);
});

test('a build requested during a quarter of an hour in which GitHub did not answer starts after it', async () => {
  const { id } = await queueTestDeployment(own.stored, own.site);
  github.faults.inject({ service: 'github', fault: { kind: 'error', status: 503 } });
  await minutes(15);
  expect(await status(id)).toBe('queued');
  github.faults.clear();
  await minutes(11);
  expect(github.runs.map(({ run }) => run.inputs.deployment_id)).toContain(showId('deployment', id));
  expect([await status(id), await given()]).toEqual(['queued', []]);
});

test('while GitHub starts no run but answers reads, the first attempt waits, and is the one that starts', async () => {
  const { id } = await queueTestDeployment(own.stored, own.site);
  github.faults.inject({ service: 'github', path: '/dispatches', fault: { kind: 'error', status: 503 } });
  await minutes(35);
  expect(await own.stored.deployment(id)).toMatchObject({ status: 'queued', attempt: 1 });
  github.faults.clear();
  await minutes(11);
  expect(github.runs.filter(({ run }) => run.inputs.deployment_id === showId('deployment', id))).toHaveLength(1);
  expect(await own.stored.deployment(id)).toMatchObject({ status: 'queued', attempt: 1 });
  expect(await given()).toEqual([]);
});

test("a build that could not be started frees its account's slot, and a run that never reported is cancelled", async () => {
  await own.stored.db.query(sql`update users set max_active_builds = 1`);
  const { id } = await queueTestDeployment(own.stored, own.site);
  // Each answer is lost, and so is every check of its outcome.
  github.faults.inject({ service: 'github', path: '/dispatches', times: 1, fault: { kind: 'lost-response' } });
  github.faults.inject({ service: 'github', path: '/actions/', fault: { kind: 'error', status: 503 } });
  await wakeUp();
  const next = await queueTestDeployment(
    own.stored,
    await prepareSite(own.stored, { slug: `next-to-${own.site.project.slug}` }),
  );
  for (let minute = 0; (await status(id)) === 'queued' && minute < 400; minute++) await minutes(1);
  expect(await own.stored.deployment(id)).toMatchObject({ status: 'failed', reason: 'code_host_unavailable' });
  expect(await own.stored.store.attempts.find({ deploymentId: id, attempt: 1 })).toMatchObject({ state: 'abandoned' });

  github.faults.clear();
  await minutes(11);
  const runOf = (of: string) =>
    github.runs.find(({ run }) => run.inputs.deployment_id === showId('deployment', of))?.run;
  expect(runOf(next.id)).toBeDefined();
  expect(runOf(id)?.signal.aborted).toBe(true);
});

test("an outage that outlasts a publication's deadline fails the deployment, with the reason", async () => {
  const id = await own.deploy.build(own.site, { 'index.html': 'hello' });
  own.cloud.faults.inject({ service: 'esa', fault: { kind: 'error', status: 503 } });
  await minutes(deadlineSeconds.deploying / 60 + 2);
  expect(await own.stored.deployment(id)).toMatchObject({ status: 'failed', reason: 'publish_stuck' });
});

test('repeated wake-ups while GitHub does not answer cost an overdue deployment one rescue, and no dead letter', async () => {
  const { id } = await queueTestDeployment(own.stored, own.site);
  await wakeUp();
  await own.stored.moveClock(deadlineSeconds.queued + 1);
  github.faults.inject({ service: 'github', fault: { kind: 'error', status: 503 } });
  for (let n = 0; n < 20; n++) {
    await wakeUp();
    await own.stored.moveClock(0.5);
  }
  expect(await own.stored.messages('deployment.rescue')).toMatchObject([{ attempts: 1, state: 'done' }]);
  expect(await given()).toEqual([]);
  github.faults.clear();
  await minutes(2);
  expect(await own.stored.deployment(id)).toMatchObject({ status: 'queued', attempt: 1 });
});
