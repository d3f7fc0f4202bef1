import { sql } from '@miaobu/shared/db/sql';
import { mintApiToken } from '@miaobu/shared/kernel/api-token';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, PAGE_ORIGIN } from '../../../tests/database/api-under-test.ts';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';
import { rateLimits } from './rate-limits.ts';

// Each layer is tested by a request that violates it and all later ones: only the outermost answers.

const PROJECTS = '/api/v1/projects';
const ADDRESS = '203.0.113.7';

let own: TestStore;
let api: ApiUnderTest;
/** May only read. */
let reader: string;
let writer: string;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  api = apiUnderTest(own, { rateLimitScale: 1 });
  const { user, token } = await api.signUp('ada');
  writer = token;
  const { token: weaker, sha256, prefix } = mintApiToken();
  reader = weaker;
  const scopes = ['projects:read'] as const;
  await own.store.accounts.insertApiToken({ userId: user.id, name: 'reader', prefix, sha256, scopes });
});
afterAll(() => own.close());

const TOO_LARGE = 'x'.repeat(1024 * 1024 + 1);
const BROKEN = '{"repo":';
const INVALID = '{"repo":1}';

async function post(body: string, token?: string, headers: Record<string, string> = {}) {
  const answer = await api.ask('POST', `${PROJECTS}?nonsense=1`, {
    body,
    headers: {
      'content-type': 'application/json',
      'x-fc-client-ip': ADDRESS,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
  });
  return { ...answer, code: answer.body.error?.code };
}
const exhaustAddress = () =>
  own.store.rateLimits.take([{ name: `address:${ADDRESS}`, capacity: 1, perSecond: 0.001, ofUser: false }]);
async function drainAddress() {
  await exhaustAddress();
  // The next request meets an empty bucket of the real size, which does not refill for a while, however long it takes.
  await own.db.query(
    sql`update rate_limits set tokens = 0, capacity = ${rateLimits.address.burst}, filled_at = db_now() + interval '1 hour'`,
  );
}

test('request id and log are outermost: a refused request has both', async () => {
  await drainAddress();
  const answer = await post(TOO_LARGE, undefined, { 'x-request-id': 'outermost' });
  expect([answer.status, answer.headers.get('x-request-id')]).toEqual([429, 'outermost']);
  expect(api.log.at(-1)).toContain('"requestId":"outermost"');
});

test('CORS is outside the limit: a page can read that it was rate limited, and a preflight costs nothing', async () => {
  await drainAddress();
  const answer = await post(TOO_LARGE, undefined, { origin: PAGE_ORIGIN });
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([429, PAGE_ORIGIN]);
  const preflight = await api.ask('OPTIONS', PROJECTS, {
    headers: { origin: PAGE_ORIGIN, 'access-control-request-method': 'POST', 'x-fc-client-ip': ADDRESS },
  });
  expect(preflight.status).toBe(204);
});

test('the limit comes before the body: a rate-limited body is not read', async () => {
  await drainAddress();
  expect([(await post(TOO_LARGE)).code, (await post(BROKEN, writer)).code]).toEqual(['rate_limited', 'rate_limited']);
});

test('the size of the body comes before authentication: a missing token does not make us read more', async () => {
  expect((await post(TOO_LARGE)).status).toBe(413);
  expect((await post(TOO_LARGE, reader)).status).toBe(413);
});

test('authentication comes before authorization and before parsing the body', async () => {
  for (const body of [BROKEN, INVALID]) {
    expect((await post(body)).status).toBe(401);
    expect((await post(body, mintApiToken().token)).status).toBe(401);
  }
  expect((await post(INVALID, undefined, { 'content-type': 'text/plain' })).status).toBe(401);
});

test('authorization comes before validation: an unauthorized caller learns nothing about the schema', async () => {
  expect((await post(BROKEN, reader)).status).toBe(403);
  expect((await post(INVALID, reader)).status).toBe(403);
  expect((await post(INVALID, reader, { 'content-type': 'text/plain' })).status).toBe(403);
});

test('validation comes last: type, JSON, then the schemas', async () => {
  expect((await post(BROKEN, writer, { 'content-type': 'text/plain' })).status).toBe(422);
  const asked = async (body: string, type: string) =>
    (
      await api.ask('POST', PROJECTS, {
        body,
        headers: { authorization: `Bearer ${writer}`, 'content-type': type, 'idempotency-key': 'one' },
      })
    ).status;
  expect(await asked(BROKEN, 'text/plain')).toBe(415);
  expect(await asked(BROKEN, 'application/json')).toBe(400);
  expect(await asked(INVALID, 'application/json')).toBe(422);
});

test('an Idempotency-Key is checked after all of them: it stores none of their refusals', async () => {
  await post(INVALID, writer, { 'idempotency-key': 'one' });
  await post(INVALID, reader, { 'idempotency-key': 'one' });
  expect(await own.db.query(sql`select key from idempotency_keys`)).toEqual([]);
});
