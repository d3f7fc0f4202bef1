import { sql } from '@miaobu/shared/db/sql';
import { readId, showId } from '@miaobu/shared/kernel/ids';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import { type CallbackUnderTest, callbackUnderTest } from '../../../tests/database/callback-under-test.ts';
import { type ImportedProject, importProject } from '../../../tests/database/import-project.ts';
import {
  dispatchAttempt,
  openTestStore,
  queueTestDeployment,
  type TestStore,
} from '../../../tests/database/prepare-deployment.ts';

let own: TestStore;
let api: ApiUnderTest;
let callback: CallbackUnderTest;
let ada: SignedUpUser;
let blog: ImportedProject;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  api = apiUnderTest(own);
  // Neither uploads nor sources nor logs matter here.
  callback = callbackUnderTest(own, {
    objectStore: { presignPut: async (key) => ({ url: `https://oss.example/${key}`, headers: {} }) },
    buildLog: { append: async () => 1 },
    codeHost: { archiveUrl: async () => 'https://archive.example/site.tar.gz' },
  });
  ada = await api.signUp('ada');
  blog = await importProject(own, { slug: 'blog', owner: ada.user });
});
afterAll(() => own.close());

const queue = async () =>
  (await queueTestDeployment(own, { project: blog.project, environment: blog.production, hostnames: [] })).id;
const paramsOf = (id: string) => ({ project: 'blog', deployment: showId('deployment', id) });
const cancel = (id: string) => ada.client('cancelDeployment', { params: paramsOf(id), body: {} });
const topics = async () => (await own.messages()).map(({ topic }) => topic);

test('a queued deployment is cancelled, and never gets a run', async () => {
  const id = await queue();
  const { data } = await cancel(id);
  expect(data).toMatchObject({ status: 'cancelled', reason: 'user', queue_position: null });
  expect(await topics()).not.toContain('run.cancel');
  expect(await own.db.query(sql`select actor, action, subject from audit_log`)).toEqual([
    { actor: showId('user', ada.user.id), action: 'deployment.cancelled', subject: showId('deployment', id) },
  ]);
});

test("once cancelling a running build is answered, its tokens are invalid and its run's cancellation is requested", async () => {
  const id = await queue();
  const dispatched = await dispatchAttempt(own, id);
  const shown = showId('deployment', id);
  const job = await callback.ask('POST', `/${shown}/attempts/1/redeem`, {
    ticket: dispatched.ticket,
    redeemer: 'run 1',
  });
  const granted = await callback.ask('POST', `/${shown}/attempts/1/publication`, {}, job.data.token);

  await cancel(id);

  expect(await topics()).toContain('run.cancel');
  const heartbeat = await callback.ask(
    'POST',
    `/${shown}/attempts/1/reports`,
    { seq: 1, kind: 'heartbeat' },
    job.data.token,
  );
  expect(heartbeat).toMatchObject({ status: 200, data: { ignored: true, stop: true } });
  const uploaded = {
    seq: 2,
    kind: 'uploaded',
    manifest_sha256: 'a'.repeat(64),
    manifest_bytes: 10,
    build_seconds: 1,
  };
  expect(await callback.ask('POST', `/${shown}/attempts/1/reports`, uploaded, job.data.token)).toMatchObject({
    status: 200,
    data: { ignored: true, stop: true },
  });
  const blobs = [{ sha256: 'b'.repeat(64), bytes: 1 }];
  expect(await callback.ask('POST', `/${shown}/attempts/1/uploads`, { blobs }, granted.data.token)).toMatchObject({
    status: 409,
    code: 'attempt_closed',
  });
  expect((await ada.client('getDeployment', { params: paramsOf(id) })).data.status).toBe('cancelled');
});

test.each(['deploying', 'deployed', 'failed', 'cancelled', 'purged'])(
  'a deployment that is %s can no longer be cancelled: 409, and nothing changes',
  async (status) => {
    const id = await queue();
    await own.db.query(sql`update deployments set status = ${status} where id = ${id}`);
    const before = await own.messages();
    await expect(cancel(id)).rejects.toMatchObject({
      status: 409,
      code: 'deployment_state_conflict',
      details: { status },
    });
    expect(await own.messages()).toEqual(before);
    expect(await own.db.query(sql`select count(*) as entries from audit_log`)).toEqual([{ entries: 0 }]);
  },
);

test("another user's deployment is not found, and continues", async () => {
  const id = await queue();
  const bob = await api.signUp('bob');
  await expect(bob.client('cancelDeployment', { params: paramsOf(id), body: {} })).rejects.toMatchObject({
    status: 404,
  });
  expect((await own.store.deployments.find(readId('deployment', showId('deployment', id)) ?? ''))?.status).toBe(
    'queued',
  );
});
