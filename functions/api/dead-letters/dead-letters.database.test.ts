import { enqueue, type OutboxMessage, outbox } from '@miaobu/shared/db/outbox';
import { sql } from '@miaobu/shared/db/sql';
import { showId } from '@miaobu/shared/kernel/ids';
import { activateMessage } from '@miaobu/shared/model/deployment/activate-message';
import { buildStartMessage } from '@miaobu/shared/model/deployment/build-start-message';
import { publishMessage } from '@miaobu/shared/model/route/publish-message';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import {
  openTestStore,
  prepareSite,
  queueTestDeployment,
  type TestStore,
} from '../../../tests/database/prepare-deployment.ts';

let own: TestStore;
let api: ApiUnderTest;
let operator: SignedUpUser;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  api = apiUnderTest(own);
  operator = await api.signUp('operator');
  await own.store.accounts.makeAdmin(operator.user.id);
});
afterAll(() => own.close());

/** A message that was given up, and its public id. */
const bury = (hostname: string) => buryMessage(publishMessage(hostname, `request of ${hostname}`));
async function buryMessage(wanted: OutboxMessage): Promise<string> {
  await enqueue(own.db, wanted);
  const [message] = await outbox(own.db).claim('worker', [wanted.topic], 1, 60);
  if (!message) throw new Error('nothing was claimed');
  await outbox(own.db).fail(message, { errorClass: 'permanent', message: 'vendor_rejected', retry: false });
  return showId('deadLetter', message.id);
}
const listed = async () => (await operator.client('listDeadLetters', {})).data.map(({ id }) => id);

test('dead letters are listed newest first, in pages, with their reasons', async () => {
  const ids = [await bury('a.example'), await bury('b.example'), await bury('c.example')].toReversed();
  const first = await operator.client('listDeadLetters', { query: { limit: 2 } });
  expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
  const rest = await operator.client('listDeadLetters', { query: { limit: 2, cursor: first.meta.next_cursor ?? '' } });
  expect(rest.data).toMatchObject([
    {
      id: ids[2],
      topic: 'route.publish',
      payload: { hostname: 'a.example' },
      error_class: 'permanent',
      error: 'vendor_rejected',
      attempts: 1,
      request_id: 'request of a.example',
    },
  ]);
  expect(rest.meta.next_cursor).toBeNull();
  expect((await operator.client('listDeadLetters', { query: { topic: 'cache.purge' } })).data).toEqual([]);
});

test('replaying requests the same work once, from the first attempt, and rings the doorbell', async () => {
  const id = await bury('a.example');
  const replay = () => operator.client('replayDeadLetter', { params: { dead_letter: id }, body: {} });
  await replay();
  expect(await listed()).toEqual([]);
  expect(await own.db.query(sql`select topic, attempts, payload from outbox where state = 'pending'`)).toEqual([
    { topic: 'route.publish', attempts: 0, payload: { hostname: 'a.example' } },
  ]);
  expect(api.rings).toHaveLength(1);
  await expect(replay()).rejects.toMatchObject({ status: 404 });
  expect((await own.messages('route.publish')).filter(({ state }) => state === 'pending')).toHaveLength(1);
});

test.each([
  ['build.start', buildStartMessage],
  ['deployment.activate', (id: string) => activateMessage({ id, environmentId: id }, 'request')],
] as const)(
  'a %s message whose deployment has failed cannot be replayed, and the refusal says what helps',
  async (topic, message) => {
    const site = await prepareSite(own, { slug: 'given-up' });
    const deployment = await queueTestDeployment(own, site);
    await own.db.query(sql`delete from outbox`);
    await own.store.deployments.move(deployment.id, { to: 'failed', by: 'deploy', requestId: 'request' });
    const id = await buryMessage(message(deployment.id, 'request'));
    await expect(operator.client('replayDeadLetter', { params: { dead_letter: id }, body: {} })).rejects.toMatchObject({
      status: 409,
      code: 'deployment_state_conflict',
      details: { status: 'failed', problem: expect.stringContaining('redeploy') },
    });
    expect(await listed()).toEqual([id]);
    expect((await own.messages(topic)).map(({ state }) => state)).toEqual(['dead']);
  },
);

test('a message given up for a deployment that still waits for it is replayed', async () => {
  const site = await prepareSite(own, { slug: 'waiting' });
  const deployment = await queueTestDeployment(own, site);
  await own.db.query(sql`delete from outbox`);
  const id = await buryMessage(buildStartMessage(deployment.id, 'request'));
  await operator.client('replayDeadLetter', { params: { dead_letter: id }, body: {} });
  expect((await own.messages('build.start')).map(({ state }) => state)).toEqual(['dead', 'pending']);
});

test('discarding requires a reason, which is stored', async () => {
  const id = await bury('a.example');
  const params = { dead_letter: id };
  await expect(operator.client('discardDeadLetter', { params, body: { reason: ' ' } })).rejects.toMatchObject({
    status: 422,
  });
  await operator.client('discardDeadLetter', { params, body: { reason: 'the customer left' } });
  expect(await listed()).toEqual([]);
  expect(await own.db.query(sql`select action, subject, details from audit_log`)).toEqual([
    { action: 'dead_letter.discarded', subject: id, details: { topic: 'route.publish', note: 'the customer left' } },
  ]);
});

test('two concurrent replays cause one message', async () => {
  const id = await bury('a.example');
  const replay = () => operator.client('replayDeadLetter', { params: { dead_letter: id }, body: {} });
  const outcomes = await Promise.allSettled([replay(), replay(), replay()]);
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect((await own.messages('route.publish')).filter(({ state }) => state === 'pending')).toHaveLength(1);
});

test('for anybody but administrators none of it exists', async () => {
  const id = await bury('a.example');
  const { client } = await api.signUp('somebody');
  const params = { dead_letter: id };
  for (const attempt of [
    () => client('listDeadLetters', {}),
    () => client('getDeadLetter', { params }),
    () => client('replayDeadLetter', { params, body: {} }),
    () => client('discardDeadLetter', { params, body: { reason: 'mine' } }),
  ]) {
    await expect(attempt()).rejects.toMatchObject({ status: 404, code: 'not_found' });
  }
  expect(await listed()).toEqual([id]);
});

test('the audit log can be neither changed nor emptied', async () => {
  await own.store.auditLog.append({ actor: 'deploy', action: 'route.repaired', subject: 'a.example', requestId: 'r' });
  await expect(own.db.query(sql`update audit_log set actor = 'nobody'`)).rejects.toThrow('append-only');
  await expect(own.db.query(sql`delete from audit_log`)).rejects.toThrow('append-only');
});
