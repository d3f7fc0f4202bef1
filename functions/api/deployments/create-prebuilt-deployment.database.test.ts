import { uploadJob } from '@miaobu/shared/contracts/build-job';
import { sql } from '@miaobu/shared/db/sql';
import { readId, showId } from '@miaobu/shared/kernel/ids';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, ORIGIN, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import { playBuild, sha256Of } from '../../../tests/database/callback-under-test.ts';
import { type CloudUnderTest, startCloudUnderTest } from '../../../tests/database/cloud-under-test.ts';
import { type DeployUnderTest, deployUnderTest } from '../../../tests/database/deploy-under-test.ts';
import { dispatchAttempt, openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';
import { startBuild } from '../../deploy/start-build.ts';
import { syncBranch } from '../../deploy/sync-branch.ts';

const HEAD = 'a'.repeat(40);
const NEXT = 'b'.repeat(40);
const files = { 'index.html': '<h1>mine</h1>', 'about.html': '<h1>about</h1>' };

let own: TestStore;
let cloud: CloudUnderTest;
let deploy: DeployUnderTest;
let api: ApiUnderTest;
let ada: SignedUpUser;
let hostname: string;
let sites = 0;

const params = () => ({ project: `site-${sites}` });

beforeAll(async () => {
  own = await openTestStore();
  cloud = await startCloudUnderTest();
});
/** A project whose first build has failed, and whose messages are all handled. */
beforeEach(async () => {
  await own.empty();
  sites += 1;
  deploy = deployUnderTest(own, cloud);
  api = apiUnderTest(own);
  ada = await api.signUp('ada');
  push(HEAD);
  const { data } = await ada.client('createProject', { body: { repo: `ada/site-${sites}` } });
  hostname = new URL(data.url).hostname;
  await own.db.query(sql`update deployments set status = 'failed', finished_at = db_now()`);
  await own.db.query(sql`delete from outbox`);
});
afterAll(async () => {
  await cloud.close();
  await own.close();
});

function push(head: string) {
  const repository = { id: sites, fullName: `ada/site-${sites}`, visibleTo: ['github-ada'] };
  api.codeHost.repositories.splice(0, 1, { ...repository, branches: { main: head } });
}

type Body = Parameters<typeof ada.client<'createPrebuiltDeployment'>>[1]['body'];

/** Requests an upload; returns the response, and the means of its uploader. */
async function begin(body: Body = {}) {
  const { data } = await ada.client('createPrebuiltDeployment', { params: params(), body });
  const shownId = data.deployment.id;
  const { attempt, ticket } = data.upload;
  const dispatched = { deploymentId: readId('deployment', shownId) ?? '', shownId, attempt, ticket };
  return { data, ...dispatched, run: deploy.callback.runOf(dispatched) };
}
/** Queues the head of the branch, for a build's runner to get. */
async function beginBuild() {
  const { data } = await ada.client('createDeployment', { params: params(), body: {} });
  return readId('deployment', data.id) ?? '';
}
const read = async (deployment: string) =>
  (await ada.client('getDeployment', { params: { ...params(), deployment } })).data;
const topics = async () => (await own.messages()).map(({ topic }) => topic);
const audited = () => own.db.query(sql`select actor, subject, details from audit_log order by id desc limit 1`);

/** What `deploy` does by itself: start waiting builds, sync the branch, publish. */
async function tick(): Promise<string[]> {
  const started: string[] = [];
  const buildRunner = {
    async start({ deploymentId }: { readonly deploymentId: string }) {
      started.push(deploymentId);
      return { runId: String(started.length) };
    },
    findRun: async () => undefined,
  };
  await deploy.workOn({
    ...deploy.handlers,
    'build.start': startBuild({ store: own.store, tokens: own.tokens, buildRunner, controlOrigin: ORIGIN }),
    'branch.sync': syncBranch({ ...own, codeHost: api.codeHost }),
  });
  return started;
}

test('a sequence number is taken, with a ticket for the uploader; the code host is not asked', async () => {
  const { data, shownId } = await begin({ message: 'by hand' });
  expect(data.deployment).toMatchObject({
    environment: 'production',
    status: 'queued',
    trigger: 'upload',
    branch: null,
    commit_sha: null,
    commit_message: 'by hand',
    commit_author: 'ada',
    attempt: 1,
    queue_position: null,
  });
  expect(data.upload).toEqual({
    callback_url: ORIGIN,
    attempt: 1,
    ticket: expect.stringMatching(/^mb_tkt_\w{40}$/),
  });
  expect(await topics()).toEqual([]);
  expect(await audited()).toEqual([
    {
      actor: showId('user', ada.user.id),
      subject: shownId,
      details: { trigger: 'upload', environment: 'production' },
    },
  ]);
  expect(await tick()).toEqual([]);
});

test('a repetition with the same Idempotency-Key gets the same ticket, and creates nothing', async () => {
  const ask = () =>
    ada.ask('POST', `/api/v1/projects/site-${sites}/deployments/prebuilt`, {
      body: '{}',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'once' },
    });
  const first = await ask();
  const before = await own.db.query(sql`select count(*) as count from deployments`);
  expect([first.status, (await ask()).text]).toEqual([201, first.text]);
  expect(await own.db.query(sql`select count(*) as count from deployments`)).toEqual(before);
});

test('the ticket is redeemed once, for the right to upload and nothing else: no source, no commands, no variables', async () => {
  await ada.client('createVariable', { params: params(), body: { key: 'SECRET', value: 'of the build' } });
  await ada.client('updateProject', { params: params(), body: { spa: true, build_command: 'make it' } });
  // The code host does not even have to be connected.
  await own.db.query(sql`update users set github_token_sealed = null`);
  const { run, shownId, deploymentId } = await begin();
  const { status, data } = await run.redeem();
  expect([status, uploadJob.parse(data)]).toEqual([
    200,
    {
      deployment_id: shownId,
      attempt: 1,
      request_id: expect.any(String),
      project_slug: `site-${sites}`,
      spa: true,
      limits: { log_bytes: expect.any(Number) },
      token: expect.stringMatching(/^mb_cb_/),
    },
  ]);
  expect((await own.deployment(deploymentId)).variables).toEqual([]);
  expect((await read(shownId)).status).toBe('uploading');
  expect(await run.redeem('another')).toMatchObject({ status: 409, code: 'ticket_already_redeemed' });
});

test('the upload goes live without a commit, and without telling the code host', async () => {
  const begun = await begin();
  await playBuild(deploy.callback, begun, files);
  await deploy.work();
  expect(await read(begun.shownId)).toMatchObject({ status: 'deployed', current: true, files: 2 });
  expect(await deploy.routeOf(hostname)).toMatchObject({ deployment_id: begun.shownId, commit_sha: null });
  expect(await topics()).not.toContain('commit.status');
});

describe('the order', () => {
  test('an upload supersedes an earlier one that has not started, and a push supersedes both it and an earlier push', async () => {
    const waiting = showId('deployment', await beginBuild());
    const first = await begin();
    const begun = await begin();
    expect(await read(first.shownId)).toMatchObject({ status: 'cancelled', reason: 'superseded' });
    expect(await read(waiting)).toMatchObject({ status: 'queued' });
    await beginBuild();
    expect(await read(waiting)).toMatchObject({ status: 'cancelled', reason: 'superseded' });
    expect(await read(begun.shownId)).toMatchObject({ status: 'cancelled', reason: 'superseded' });
    expect(await begun.run.redeem()).toMatchObject({ status: 409, code: 'attempt_closed' });
    expect(await topics()).not.toContain('run.cancel');
  });

  test('a later push wins, even when the upload finishes after it', async () => {
    const begun = await begin();
    await begun.run.redeem();
    const build = await beginBuild();
    await playBuild(deploy.callback, await dispatchAttempt(own, build), { 'index.html': '<h1>pushed</h1>' });
    await deploy.work();
    await playBuild(deploy.callback, begun, files);
    await deploy.work();
    expect(await read(showId('deployment', build))).toMatchObject({ status: 'deployed', current: true });
    expect(await read(begun.shownId)).toMatchObject({ status: 'deployed', current: false, reason: 'superseded' });
  });

  test('it can be rolled back to, but not redeployed: there is no commit to build', async () => {
    const begun = await begin();
    await playBuild(deploy.callback, begun, files);
    await deploy.work();
    const build = await beginBuild();
    await playBuild(deploy.callback, await dispatchAttempt(own, build), { 'index.html': '<h1>pushed</h1>' });
    await deploy.work();
    const deployment = { ...params(), deployment: begun.shownId };
    await ada.client('promoteDeployment', { params: deployment, body: {} });
    await deploy.work();
    expect(await read(begun.shownId)).toMatchObject({ current: true });
    expect(await deploy.routeOf(hostname)).toMatchObject({ deployment_id: begun.shownId });
    await expect(ada.client('redeployDeployment', { params: deployment, body: {} })).rejects.toMatchObject({
      status: 409,
      code: 'deployment_uploaded',
    });
  });

  test('it does not count as the head of the branch, which is neither deployed over it nor forgotten', async () => {
    const begun = await begin();
    await playBuild(deploy.callback, begun, files);
    const { environmentId } = await own.deployment(begun.deploymentId);
    const look = async () => {
      const payload = { environment_id: environmentId };
      const dedupeKey = `branch.sync:${environmentId}`;
      await own.store.enqueue({
        ...{ topic: 'branch.sync', lane: `environment:${environmentId}`, requestId: 'test' },
        ...{ payload, dedupeKey },
      });
      return tick();
    };
    expect(await look()).toEqual([]);
    expect((await own.store.deployments.findNewest(environmentId))?.id).toBe(begun.deploymentId);
    push(NEXT);
    expect(await look()).toHaveLength(1);
    expect((await own.store.deployments.findNewest(environmentId))?.commitSha).toBe(NEXT);
  });
});

test('when it is cancelled during the upload, the rest is refused and no run is looked for', async () => {
  const { run, shownId } = await begin();
  const { token } = (await run.redeem()).data;
  const publish = (await run.publication(token)).data.token;
  await ada.client('cancelDeployment', { params: { ...params(), deployment: shownId }, body: {} });
  const closed = { status: 409, code: 'attempt_closed' };
  expect(await run.uploads(publish, [{ sha256: sha256Of('late'), bytes: 4 }])).toMatchObject(closed);
  expect(await run.manifest(publish, { sha256: sha256Of('late'), bytes: 4 })).toMatchObject(closed);
  expect(await run.publication(token)).toMatchObject(closed);
  expect(await run.report(token, { seq: 1, kind: 'heartbeat' })).toMatchObject({ data: { ignored: true, stop: true } });
  expect((await read(shownId)).status).toBe('cancelled');
  expect(await topics()).not.toContain('run.cancel');
});

describe('limits', () => {
  test('an upload is not a build: it takes no build slot, and is not counted', async () => {
    await own.db.query(sql`update users set max_active_builds = 1, max_builds_per_hour = 1`);
    const begun = await begin();
    await begun.run.redeem();
    const build = await beginBuild();
    expect((await read(showId('deployment', build))).queue_position).toBe(1);
    expect(await tick()).toEqual([showId('deployment', build)]);
    await playBuild(deploy.callback, begun, files);
    expect(await own.db.query(sql`select builds from usage_days`)).toEqual([]);
  });

  test("its storage is limited by its account's", async () => {
    await own.db.query(sql`update users set max_storage_bytes = 3`);
    const { run } = await begin();
    const publish = (await run.publication((await run.redeem()).data.token)).data.token;
    expect(await run.uploads(publish, [{ sha256: sha256Of('four'), bytes: 4 }])).toMatchObject({
      status: 403,
      code: 'limit_reached',
    });
  });
});

test('invalid requests are refused, and create nothing', async () => {
  const before = await own.db.query(sql`select count(*) as count from deployments`);
  const bob = await api.signUp('bob');
  await expect(bob.client('createPrebuiltDeployment', { params: params(), body: {} })).rejects.toMatchObject({
    status: 404,
  });
  await expect(begin({ environment: 'staging' })).rejects.toMatchObject({ status: 404 });
  await expect(begin({ message: ' ' })).rejects.toMatchObject({ status: 422 });
  await own.db.query(sql`update environments set disabled_at = db_now()`);
  await expect(begin()).rejects.toMatchObject({ status: 409, code: 'environment_off' });
  expect(await own.db.query(sql`select count(*) as count from deployments`)).toEqual(before);
});
