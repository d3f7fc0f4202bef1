import { sql } from '@miaobu/shared/db/sql';
import { mintApiToken } from '@miaobu/shared/kernel/api-token';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';
import { rateLimits } from './rate-limits.ts';

const USER = '/api/v1/user';
const READS = rateLimits['user-read'].burst;
const BAD = rateLimits['address-refused'].burst;

let own: TestStore;
let api: ApiUnderTest;
let ada: SignedUpUser;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  api = apiUnderTest(own, { rateLimitScale: 1 });
  ada = await api.signUp('ada');
});
afterAll(() => own.close());

const from = (address: string) => ({ 'x-fc-client-ip': address });
const bad = (address: string, token = mintApiToken().token) =>
  api.ask('GET', USER, { headers: { authorization: `Bearer ${token}`, ...from(address) } });
/** Leaves this many tokens in a bucket that refills only after an hour, so that tests need not be fast. */
const leave = (bucket: string, tokens: number) =>
  own.db.query(sql`
    update rate_limits set tokens = ${tokens}, filled_at = db_now() + interval '1 hour' where bucket like ${`${bucket}:%`}`);
/** The same for an address's invalid credentials, before there were any. */
const freezeRefused = (address: string) =>
  own.db.query(sql`
    insert into rate_limits (bucket, capacity, per_second, tokens, granted, filled_at)
    values (${`address-refused:${address}`}, ${BAD}, 1, ${BAD}, true, db_now() + interval '1 hour')`);
const numbers = (headers: Headers, ...names: string[]) => names.map((name) => Number(headers.get(name)));

test('every response says truthfully what is left and when the limit is reset', async () => {
  const first = await ada.ask('GET', USER);
  const named = ['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'];
  expect(numbers(first.headers, ...named)).toEqual([READS, READS - 1, 1]);
  expect(first.headers.get('ratelimit-policy')).toBe(
    `"address";q=${rateLimits.address.burst};w=60, "user-read";q=${READS};w=60`,
  );
  await leave('user-read', 31);
  const later = await ada.ask('GET', USER);
  const reset = Math.ceil((READS - 30) / (READS / 60));
  expect(numbers(later.headers, ...named)).toEqual([READS, 30, reset]);
  expect(later.headers.get('ratelimit')).toContain(`"user-read";r=30;t=${reset}`);
});

test('exactly as many requests pass as the header said; after Retry-After one more does', async () => {
  await ada.ask('GET', USER);
  await leave('user-read', 3);
  const statuses: number[] = [];
  const remaining: (string | null)[] = [];
  for (let n = 0; n < 4; n++) {
    const answer = await ada.ask('GET', USER);
    statuses.push(answer.status);
    remaining.push(answer.headers.get('ratelimit-remaining'));
  }
  expect(statuses).toEqual([200, 200, 200, 429]);
  expect(remaining).toEqual(['2', '1', '0', '0']);
  const refused = await ada.ask('GET', USER);
  expect(refused.body.error).toMatchObject({
    code: 'rate_limited',
    details: { limit: 'user-read', retryAfterSeconds: Number(refused.headers.get('retry-after')) },
  });
  await own.moveClock(3600 + Number(refused.headers.get('retry-after')));
  expect((await ada.ask('GET', USER)).status).toBe(200);
});

test('the limit is shared by all instances', async () => {
  await ada.ask('GET', USER);
  await leave('user-read', 1);
  const other = apiUnderTest(own, { rateLimitScale: 1 });
  const headers = { authorization: `Bearer ${ada.token}` };
  const answers = await Promise.all([api.ask('GET', USER, { headers }), other.ask('GET', USER, { headers })]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 429]);
});

test("a user's reads and writes are counted separately, and other users' are independent", async () => {
  const bob = await api.signUp('bob');
  await ada.ask('GET', USER, { headers: from('203.0.113.1') });
  await leave('user-read', 0);
  expect((await ada.ask('GET', USER)).status).toBe(429);
  expect((await ada.ask('POST', '/api/v1/projects', { body: '{' })).status).toBe(415);
  expect((await bob.ask('GET', USER)).status).toBe(200);
});

test('an address that sends too many requests is refused for every user, and others are not', async () => {
  await ada.ask('GET', USER, { headers: from('203.0.113.1') });
  await leave('address', 0);
  expect((await ada.ask('GET', USER, { headers: from('203.0.113.1') })).status).toBe(429);
  expect((await api.ask('GET', USER, { headers: from('203.0.113.1') })).status).toBe(429);
  expect((await ada.ask('GET', USER, { headers: from('203.0.113.2') })).status).toBe(200);
});

test(`after ${BAD} bad tokens in a minute the address gets 429 for the next ones; a good one counts and resets nothing`, async () => {
  const address = '203.0.113.9';
  await freezeRefused(address);
  const statuses = (await Promise.all(Array.from({ length: BAD + 5 }, () => bad(address)))).map(({ status }) => status);
  expect(statuses.filter((status) => status === 401)).toHaveLength(BAD);
  expect(statuses.filter((status) => status === 429)).toHaveLength(5);
  const refused = await bad(address);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await ada.ask('GET', USER, { headers: from(address) })).status).toBe(200);
  expect((await bad(address)).status).toBe(429);
  expect((await bad('203.0.113.10')).status).toBe(401);
  await own.moveClock(3660);
  expect((await bad(address)).status).toBe(401);
});

test('a token with a mistyped character counts as invalid, and costs no query', async () => {
  const typo = `${ada.token.slice(0, -1)}${ada.token.endsWith('x') ? 'y' : 'x'}`;
  await freezeRefused('203.0.113.11');
  const before = api.tokenLookups();
  for (let n = 0; n < BAD; n++) expect((await bad('203.0.113.11', typo)).status).toBe(401);
  expect((await bad('203.0.113.11', typo)).status).toBe(429);
  expect(api.tokenLookups()).toBe(before);
});

test('a request without a credential does not count as an invalid one', async () => {
  for (let n = 0; n < BAD + 1; n++) {
    expect((await api.ask('GET', USER, { headers: from('203.0.113.12') })).status).toBe(401);
  }
});
