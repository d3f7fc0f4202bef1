import type { BuildReport } from '@miaobu/shared/contracts/build-job';
import { sql } from '@miaobu/shared/db/sql';
import type { StoredStatus } from '@miaobu/shared/model/deployment/deployment-lifecycle';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type CallbackUnderTest, callbackUnderTest } from '../../tests/database/callback-under-test.ts';
import {
  dispatchAttempt,
  openTestStore,
  prepareSite,
  queueTestDeployment,
  type Site,
  type TestStore,
} from '../../tests/database/prepare-deployment.ts';

let stored: TestStore;
let callback: CallbackUnderTest;
let site: Site;

beforeAll(async () => {
  stored = await openTestStore();
  callback = callbackUnderTest(stored, {
    // Reports need no external service; only the preceding redemption needs an archive URL.
    codeHost: { archiveUrl: async () => 'https://archive.example/site.tar.gz' },
    objectStore: { presignPut: () => Promise.reject(new Error('not asked for')) },
    buildLog: { append: () => Promise.reject(new Error('not asked for')) },
  });
});
beforeEach(async () => {
  await stored.empty();
  callback.rings.length = 0;
  site = await prepareSite(stored);
});
afterAll(() => stored.close());

const building = (seq = 1): BuildReport => ({ seq, kind: 'building' });
const heartbeat = (seq = 9): BuildReport => ({ seq, kind: 'heartbeat' });
const failed = (seq = 2): BuildReport => ({ seq, kind: 'failed', code: 'build_failed', message: 'npm ended with 1' });
const uploaded = (seq = 3): BuildReport => ({
  seq,
  kind: 'uploaded',
  manifest_sha256: 'ab'.repeat(32),
  manifest_bytes: 123,
  build_seconds: 4.5,
});
const APPLIED = { ignored: false, stop: false };
const TOO_LATE = { ignored: true, stop: true };

/** A build whose ticket was redeemed. */
async function redeemed() {
  const { id } = await queueTestDeployment(stored, site);
  const dispatched = await dispatchAttempt(stored, id);
  const run = callback.runOf(dispatched);
  const { data } = await run.redeem();
  const report = async (body: BuildReport) => {
    const answer = await run.report(data.token, body);
    return answer.status === 200 ? answer.data : answer.status;
  };
  return { ...dispatched, run, token: data.token, report };
}

const statusOf = async (id: string) => (await stored.deployment(id)).status;
const movesOf = async (id: string) =>
  (
    await stored.db.query<{ toStatus: string }>(sql`
      select to_status from deployment_events where deployment_id = ${id} order by id`)
  ).map(({ toStatus }) => toStatus);

/** Acts as `deploy` or a user: brings about states that no runner can. */
async function bringTo(id: string, to: StoredStatus) {
  const by = to === 'cancelled' ? 'api' : 'deploy';
  expect(await stored.store.deployments.move(id, { to, by, requestId: 'test' })).toBeDefined();
}

/** Everything about a deployment and its attempt, except when its runner last reported. */
async function record(id: string) {
  const [deployment] = await stored.db.query<object>(sql`select * from deployments where id = ${id}`);
  const [attempt] = await stored.db.query<{ lastSeenAt?: Date }>(sql`
    select * from build_attempts where deployment_id = ${id} order by attempt desc limit 1`);
  delete attempt?.lastSeenAt;
  return { deployment, attempt, moves: await movesOf(id), messages: await stored.messages() };
}

test('reports move a deployment through its build, and the last one requests its activation', async () => {
  const build = await redeemed();
  expect(await build.report(building())).toEqual(APPLIED);
  expect(await statusOf(build.deploymentId)).toBe('building');
  await build.run.publication(build.token);
  expect(await statusOf(build.deploymentId)).toBe('uploading');
  expect(await build.report(uploaded())).toEqual(APPLIED);
  expect(await stored.deployment(build.deploymentId)).toMatchObject({
    status: 'deploying',
    manifestSha256: Buffer.from('ab'.repeat(32), 'hex'),
    manifestBytes: 123,
    buildSeconds: 4.5,
  });
  expect(await stored.messages('deployment.activate')).toMatchObject([{ state: 'pending' }]);
  expect(callback.rings).toHaveLength(1);
});

test('a failed build has its reason, and is final', async () => {
  const build = await redeemed();
  expect(await build.report(failed())).toEqual(APPLIED);
  expect(await stored.deployment(build.deploymentId)).toMatchObject({
    status: 'failed',
    reason: 'build_failed',
    reasonMessage: 'npm ended with 1',
    finishedAt: expect.any(Date),
  });
  expect(await stored.messages('deployment.activate')).toEqual([]);
});

test('a repeated report is answered like the first and changes nothing', async () => {
  const build = await redeemed();
  await build.run.publication(build.token);
  const first = await build.report(uploaded());
  const before = await record(build.deploymentId);
  const answers = await Promise.all([build.report(uploaded()), build.report(uploaded())]);
  expect(answers).toEqual([first, first]);
  expect(await record(build.deploymentId)).toEqual(before);
  expect(callback.rings.length).toBeGreaterThan(0);
});

test('a late report is recorded too: it stays ignored', async () => {
  const build = await redeemed();
  await build.report(failed(1));
  expect(await build.report(building(2))).toEqual(TOO_LATE);
  expect(await build.report(building(2))).toEqual(TOO_LATE);
});

test('a reused number with different content is refused', async () => {
  const build = await redeemed();
  await build.report(building(1));
  const before = await record(build.deploymentId);
  expect(await build.report(failed(1))).toBe(409);
  expect(await record(build.deploymentId)).toEqual(before);
});

test('of many concurrent copies of one report exactly one is applied', async () => {
  const build = await redeemed();
  await build.run.publication(build.token);
  const answers = await Promise.all(Array.from({ length: 6 }, () => build.report(uploaded())));
  expect(answers).toEqual(Array(6).fill(APPLIED));
  expect(await movesOf(build.deploymentId)).toEqual(['queued', 'cloning', 'uploading', 'deploying']);
  expect(await stored.messages('deployment.activate')).toHaveLength(1);
});

describe('a report that comes too late is 200, ignored, and changes nothing', () => {
  async function deployed() {
    const build = await redeemed();
    await build.run.publication(build.token);
    await build.report(uploaded());
    await bringTo(build.deploymentId, 'deployed');
    return build;
  }

  test.each([
    ['building after deployed', deployed, building(7)],
    ['failed after deployed', deployed, failed(7)],
    ['uploaded after deployed', deployed, uploaded(7)],
  ])('%s', async (_, prepare, late) => {
    const build = await prepare();
    const before = await record(build.deploymentId);
    expect(await build.report(late)).toEqual(TOO_LATE);
    expect(await record(build.deploymentId)).toEqual(before);
  });

  test.each([building(7), failed(7), uploaded(7)])('$kind after cancelled', async (late) => {
    const build = await redeemed();
    await build.run.publication(build.token);
    await bringTo(build.deploymentId, 'cancelled');
    const before = await record(build.deploymentId);
    expect(await build.report(late)).toEqual(TOO_LATE);
    expect(await record(build.deploymentId)).toEqual(before);
    expect(callback.rings).toEqual([]);
  });

  test('building after uploading: ignored, but the run continues', async () => {
    const build = await redeemed();
    await build.run.publication(build.token);
    expect(await build.report(building(7))).toEqual({ ignored: true, stop: false });
    expect(await statusOf(build.deploymentId)).toBe('uploading');
  });

  test('uploaded by a run that never requested to upload: ignored, and there is nothing to activate', async () => {
    const build = await redeemed();
    await build.report(building(1));
    expect(await build.report(uploaded(2))).toEqual({ ignored: true, stop: false });
    expect(await statusOf(build.deploymentId)).toBe('building');
    expect(await stored.messages('deployment.activate')).toEqual([]);
  });
});

describe('a heartbeat', () => {
  test('is not recorded and moves nothing', async () => {
    const build = await redeemed();
    const before = await record(build.deploymentId);
    expect(await build.report(heartbeat())).toEqual(APPLIED);
    expect(await build.report(heartbeat())).toEqual(APPLIED);
    expect(await record(build.deploymentId)).toEqual(before);
  });

  test('tells a run to stop once its deployment is cancelled', async () => {
    const build = await redeemed();
    await bringTo(build.deploymentId, 'cancelled');
    expect(await build.report(heartbeat())).toEqual(TOO_LATE);
  });
});

describe('a token is valid for its own attempt only', () => {
  test('on another deployment, another attempt or another run it is 401', async () => {
    const [build, other] = [await redeemed(), await redeemed()];
    const before = await record(build.deploymentId);
    const { shownId, ticket } = other;
    const attempts = [
      other.run.report(build.token, failed()),
      callback.runOf({ ...build, attempt: 2 }).report(build.token, failed()),
      callback.runOf({ shownId, attempt: 9, ticket }).report(other.token, failed()),
      build.run.report(undefined, failed()),
      build.run.report(`mb_cb_${'0'.repeat(40)}`, failed()),
      build.run.report(build.ticket, failed()),
    ];
    for (const answer of await Promise.all(attempts))
      expect(answer).toMatchObject({ status: 401, code: 'unauthorized' });
    expect(await record(build.deploymentId)).toEqual(before);
    expect(await statusOf(other.deploymentId)).toBe('cloning');
  });

  test('the upload token cannot report, and the report token cannot upload', async () => {
    const build = await redeemed();
    const { data } = await build.run.publication(build.token);
    expect(await build.run.report(data.token, uploaded())).toMatchObject({ status: 401 });
    expect(await build.run.publication(data.token)).toMatchObject({ status: 401 });
    expect(await build.run.uploads(build.token, [{ sha256: 'a'.repeat(64), bytes: 1 }])).toMatchObject({ status: 401 });
    expect(await build.run.manifest(build.token, { sha256: 'a'.repeat(64), bytes: 1 })).toMatchObject({ status: 401 });
    expect(await statusOf(build.deploymentId)).toBe('uploading');
  });
});

describe('the right to upload', () => {
  test('is granted idempotently, moves the deployment once, and ends with the attempt', async () => {
    const build = await redeemed();
    const first = await build.run.publication(build.token);
    expect(first.data).toEqual({
      token: expect.stringMatching(/^mb_pub_[0-9A-Za-z]{40}$/),
      expires_at: expect.stringMatching(/Z$/),
    });
    expect(await build.run.publication(build.token)).toEqual(first);
    expect(await movesOf(build.deploymentId)).toEqual(['queued', 'cloning', 'uploading']);
  });

  test('is refused when the build is over', async () => {
    const build = await redeemed();
    await build.report(failed());
    expect(await build.run.publication(build.token)).toMatchObject({ status: 409, code: 'attempt_closed' });
    const cancelled = await redeemed();
    await bringTo(cancelled.deploymentId, 'cancelled');
    expect(await cancelled.run.publication(cancelled.token)).toMatchObject({ status: 409, code: 'attempt_closed' });
    expect(await statusOf(cancelled.deploymentId)).toBe('cancelled');
  });
});

test.each<[string, number, unknown]>([
  ['an unknown kind', 422, { seq: 1, kind: 'deployed' }],
  ['a number below one', 422, { seq: 0, kind: 'building' }],
  ['a field too many', 422, { seq: 1, kind: 'building', status: 'deployed' }],
  ['a failure without a known code', 422, { seq: 1, kind: 'failed', code: 'superseded', message: 'x' }],
  ['a digest that is none', 422, { ...uploaded(), manifest_sha256: 'c0ffee' }],
  ['a message with NUL, which Postgres cannot hold', 422, { ...failed(), message: 'a\0b' }],
  ['a body over 64 KB', 413, { ...failed(), message: 'x'.repeat(70_000) }],
])('a report with %s is %i', async (_, status, body) => {
  const build = await redeemed();
  const { shownId, attempt, token } = build;
  const answer = await callback.ask('POST', `/${shownId}/attempts/${attempt}/reports`, body, token);
  expect(answer.status).toBe(status);
  expect(await statusOf(build.deploymentId)).toBe('cloning');
});
