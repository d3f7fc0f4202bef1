import { webhookSecretContext } from '@miaobu/shared/model/project/project';
import { beforeEach, describe, expect, test } from 'vitest';
import { eachTestHasAHookedProject, push } from '../../tests/database/hooked-project.ts';
import { webhookUnderTest } from '../../tests/database/webhook-under-test.ts';

const DAY = 24 * 3600;
const SECRETS = ['second-secret', 'third-secret'] as const;

const hooked = eachTestHasAHookedProject();
beforeEach(() => hooked.stored.moveClock(0));

/** Replaces the secret, as the API does. */
async function rotate(secret: string, overlapSeconds = DAY) {
  const { id } = hooked.site.project;
  const sealed = await hooked.stored.sealer.seal(secret, { project: id, context: webhookSecretContext(id) });
  await hooked.stored.store.projects.rotateWebhookSecret(id, sealed, overlapSeconds);
}

const signedWith = (webhookSecret: string) => ({ ...hooked.site, webhookSecret });
const withFirst = () => hooked.site;
const withSecond = () => signedWith(SECRETS[0]);

/** A webhook that counts what it asks of the database. */
function countedWebhook() {
  const { store, sealer } = hooked.stored;
  const statements: string[] = [];
  const pushes: typeof store.pushes = {
    findStanding: (...about) => {
      statements.push('find');
      return store.pushes.findStanding(...about);
    },
    accept: (...pushed) => {
      statements.push('accept');
      return store.pushes.accept(...pushed);
    },
  };
  const transaction: typeof store.transaction = (work) => {
    statements.push('transaction');
    return store.transaction(work);
  };
  return { ...webhookUnderTest({ store: { ...store, pushes, transaction }, sealer }), statements };
}

test('S-W8: for a day after a rotation the old and the new secret are accepted, then the old one is answered 401', async () => {
  const { deliver } = webhookUnderTest(hooked.stored);
  await rotate(SECRETS[0]);
  expect((await deliver(withFirst(), push('a', 1000))).body.data?.outcome).toBe('accepted');
  expect((await deliver(withSecond(), push('b', 1001))).body.data?.outcome).toBe('accepted');
  await hooked.stored.moveClock(DAY - 60);
  expect((await deliver(withFirst(), push('c', 1002))).body.data?.outcome).toBe('accepted');
  await hooked.stored.moveClock(DAY + 1);
  expect((await deliver(withFirst(), push('d', 1003))).status).toBe(401);
  expect((await deliver(withSecond(), push('e', 1004))).body.data?.outcome).toBe('accepted');
});

test('an instance that took a push under the old secret refuses the next one once the overlap is over', async () => {
  const { deliver } = webhookUnderTest(hooked.stored);
  await rotate(SECRETS[0]);
  expect((await deliver(withFirst(), push('a', 1000))).status).toBe(202);
  await hooked.stored.moveClock(DAY + 1);
  expect((await deliver(withFirst(), push('b', 1001))).status).toBe(401);
  expect((await deliver(withFirst(), 'not JSON')).status).toBe(401);
  expect((await deliver(withFirst(), {}, { event: 'ping' })).status).toBe(401);
});

test('without an overlap the old secret is answered 401 from the next delivery on', async () => {
  const { deliver } = webhookUnderTest(hooked.stored);
  await deliver(withFirst(), push('a', 1000));
  await rotate(SECRETS[0], 0);
  expect((await deliver(withFirst(), push('b', 1001))).status).toBe(401);
  expect((await deliver(withSecond(), push('c', 1002))).status).toBe(202);
});

describe('a second rotation within the overlap', () => {
  test('drops the oldest secret at once', async () => {
    const { deliver } = webhookUnderTest(hooked.stored);
    await rotate(SECRETS[0]);
    await rotate(SECRETS[1]);
    expect((await deliver(withFirst(), push('a', 1000))).status).toBe(401);
    expect((await deliver(withSecond(), push('b', 1001))).status).toBe(202);
    expect((await deliver(signedWith(SECRETS[1]), push('c', 1002))).status).toBe(202);
  });

  test('without an overlap leaves only the newest', async () => {
    const { deliver } = webhookUnderTest(hooked.stored);
    await rotate(SECRETS[0]);
    await rotate(SECRETS[1], 0);
    expect((await deliver(withFirst(), push('a', 1000))).status).toBe(401);
    expect((await deliver(withSecond(), push('b', 1001))).status).toBe(401);
    expect((await deliver(signedWith(SECRETS[1]), push('c', 1002))).status).toBe(202);
  });
});

test('a replay of an old delivery is recognised under either secret', async () => {
  const { deliver } = webhookUnderTest(hooked.stored);
  await deliver(withFirst(), push('a', 1000), { guid: 'one' });
  await rotate(SECRETS[0]);
  for (const site of [withFirst(), withSecond()]) {
    expect((await deliver(site, push('a', 1000), { guid: 'one' })).body.data).toMatchObject({ replayed: true });
  }
});

test('the answers to the old and the new secret do not differ', async () => {
  await rotate(SECRETS[0]);
  const answers: unknown[] = [];
  for (const site of [withFirst(), withSecond()]) {
    const { deliver } = webhookUnderTest(hooked.stored);
    const headers = { 'x-request-id': 'one-and-the-same' };
    const { status, body } = await deliver(site, {}, { event: 'ping', headers });
    answers.push({ status, body });
  }
  expect(answers[0]).toEqual(answers[1]);
});

test('an overlap costs no statement: a push under the new secret takes the one it takes without an overlap', async () => {
  const { deliver, statements } = countedWebhook();
  await deliver(withFirst(), push('a', 1000));
  expect(statements.splice(0)).toEqual(['find', 'accept']);
  await deliver(withFirst(), push('b', 1001));
  expect(statements.splice(0)).toEqual(['accept']);
  await rotate(SECRETS[0]);
  await deliver(withSecond(), push('c', 1002));
  expect(statements.splice(0)).toEqual(['find', 'accept']);
  await deliver(withSecond(), push('d', 1003));
  expect(statements.splice(0)).toEqual(['accept']);
  await deliver(withFirst(), push('e', 1004));
  expect(statements.splice(0)).toEqual(['find', 'accept']);
});
