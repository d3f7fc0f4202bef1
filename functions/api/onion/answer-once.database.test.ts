import { endpoint } from '@miaobu/shared/contracts/endpoint';
import { noParams, noQuery } from '@miaobu/shared/contracts/pagination';
import { sql } from '@miaobu/shared/db/sql';
import { mintApiToken } from '@miaobu/shared/kernel/api-token';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { createLog } from '@miaobu/shared/runtime/logger';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import * as z from 'zod';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';
import { PATIENCE } from '../../../tests/patience.ts';
import { forgetHistory } from '../../cleanup/forget-history.ts';

const base = {
  method: 'POST',
  summary: 'Makes something with a secret that is shown once.',
  tag: 'account',
  params: noParams,
  body: z.strictObject({ name: z.string() }),
  output: z.strictObject({ made: z.int(), secret: z.string() }),
  status: 201,
  paginated: false,
  errors: [],
} as const;
const table = {
  make: endpoint({
    ...base,
    path: '/api/v1/things',
    access: 'projects:write',
    query: z.strictObject({ in: z.string().optional() }),
  }),
  makeOther: endpoint({ ...base, path: '/api/v1/others', access: 'projects:write', query: noQuery }),
  call: endpoint({ ...base, path: '/api/v1/hooks', access: 'public', query: noQuery }),
};

let own: TestStore;
let api: ApiUnderTest;
let ada: SignedUpUser;
let made: number;
/** Replaces the operation's work. */
let instead: (() => Promise<void>) | undefined;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  made = 0;
  instead = undefined;
  const make = async () => {
    made += 1;
    await instead?.();
    const data = { made, secret: `top-secret-${made}` };
    return { data, headers: { location: `/api/v1/things/${made}` }, cookies: [`a=${made}; Path=/`, 'b=2; Path=/'] };
  };
  api = apiUnderTest(own, { endpoints: { table, operations: { make, makeOther: make, call: make } } });
  ada = await api.signUp('ada');
});
afterAll(() => own.close());

const json = { 'content-type': 'application/json' };
const post = (by: Pick<SignedUpUser, 'ask'>, key: string | undefined, body = '{"name":"x"}', path = '/api/v1/things') =>
  by.ask('POST', path, { body, headers: { ...json, ...(key === undefined ? {} : { 'idempotency-key': key }) } });
const codeOf = (answer: Awaited<ReturnType<typeof post>>) => [answer.status, answer.body.error?.code];

test('a repetition is not executed and is answered byte for byte, with its headers and cookies, and marked as such', async () => {
  const first = await post(ada, 'key-1');
  expect([first.status, first.headers.get('idempotency-replayed')]).toEqual([201, null]);
  const again = await post(ada, 'key-1');
  expect([again.status, again.text, made]).toEqual([201, first.text, 1]);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(again.headers.get('location')).toBe('/api/v1/things/1');
  expect(again.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2; Path=/']);
  expect(again.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'));
});

test('without a key, or with another, the same request is executed again', async () => {
  await post(ada, undefined);
  await post(ada, undefined);
  await post(ada, 'key-1');
  await post(ada, 'key-2');
  expect(made).toBe(4);
});

test('a key reused for another body, query or operation is refused, and nothing is done', async () => {
  await post(ada, 'key-1');
  expect(codeOf(await post(ada, 'key-1', '{"name":"y"}'))).toEqual([422, 'idempotency_key_reused']);
  expect(codeOf(await post(ada, 'key-1', '{"name":"x"}', '/api/v1/things?in=b'))).toEqual([
    422,
    'idempotency_key_reused',
  ]);
  expect(codeOf(await post(ada, 'key-1', '{"name":"x"}', '/api/v1/others'))).toEqual([422, 'idempotency_key_reused']);
  expect(made).toBe(1);
});

test('keys are separate for every user and token', async () => {
  const bob = await api.signUp('bob');
  const { token, sha256, prefix } = mintApiToken();
  await own.store.accounts.insertApiToken({
    userId: ada.user.id,
    name: '',
    prefix,
    sha256,
    scopes: ['projects:write'],
  });
  await post(ada, 'key-1');
  await post(bob, 'key-1');
  const answer = await api.ask('POST', '/api/v1/things', {
    body: '{"name":"x"}',
    headers: { ...json, authorization: `Bearer ${token}`, 'idempotency-key': 'key-1' },
  });
  expect([answer.status, answer.headers.get('idempotency-replayed'), made]).toEqual([201, null, 3]);
});

test('while the first is running a repetition gets 409 with Retry-After', async () => {
  let second: Awaited<ReturnType<typeof post>> | undefined;
  instead = async () => {
    instead = undefined;
    second = await post(ada, 'key-1');
  };
  expect((await post(ada, 'key-1')).status).toBe(201);
  expect(second && codeOf(second)).toEqual([409, 'idempotency_key_in_use']);
  expect(Number(second?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await post(ada, 'key-1')).headers.get('idempotency-replayed')).toBe('true');
});

test('of many concurrent ones exactly one is executed', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => post(ada, 'key-1')));
  expect(made).toBe(1);
  for (const { status, body } of answers) {
    if (status === 409) expect(body.error?.code).toBe('idempotency_key_in_use');
    else expect(status).toBe(201);
  }
  expect(answers.some(({ status }) => status === 201)).toBe(true);
});

test('a refusal is a response too, and is replayed', async () => {
  instead = async () => {
    throw new AppError('slug_unavailable', { details: { slug: 'x' } });
  };
  const first = await post(ada, 'key-1');
  expect(codeOf(first)).toEqual([409, 'slug_unavailable']);
  instead = undefined;
  const again = await post(ada, 'key-1');
  expect([again.status, again.text, made]).toEqual([409, first.text, 1]);
});

test.each(['database_unavailable', 'internal', 'code_host_unavailable'] as const)(
  'a response of %s is not stored: a retry may succeed',
  async (code) => {
    instead = async () => {
      throw new AppError(code);
    };
    expect((await post(ada, 'key-1')).status).toBeGreaterThanOrEqual(409);
    instead = undefined;
    expect([(await post(ada, 'key-1')).status, made]).toEqual([201, 2]);
  },
);

test('a crash half way frees the key for the same request after a minute and a half, for no other', async () => {
  const lost = new Promise<never>(() => {});
  instead = () => lost;
  void post(ada, 'key-1');
  await expect.poll(() => made, PATIENCE).toBe(1);
  instead = undefined;
  expect((await post(ada, 'key-1')).status).toBe(409);
  await own.moveClock(91);
  expect(codeOf(await post(ada, 'key-1', '{"name":"y"}'))).toEqual([422, 'idempotency_key_reused']);
  expect([(await post(ada, 'key-1')).status, made]).toEqual([201, 2]);
  expect((await post(ada, 'key-1')).headers.get('idempotency-replayed')).toBe('true');
});

test('a holder presumed dead cannot overwrite the response of its successor', async () => {
  let goOn = () => {};
  const slow = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  instead = () => slow;
  const first = post(ada, 'key-1');
  await expect.poll(() => made, PATIENCE).toBe(1);
  instead = undefined;
  await own.moveClock(91);
  const second = await post(ada, 'key-1');
  goOn();
  await first;
  expect((await post(ada, 'key-1')).text).toBe(second.text);
});

test('a key is remembered for 24 hours, then ignored, and later deleted by the clean-up', async () => {
  await post(ada, 'key-1');
  await own.moveClock(24 * 3600 - 60);
  expect((await post(ada, 'key-1', '{"name":"y"}')).status).toBe(422);
  await own.moveClock(61);
  expect([(await post(ada, 'key-1', '{"name":"y"}')).status, made]).toEqual([201, 2]);
  await own.moveClock(24 * 3600 + 1);
  const context = { requestId: 'timer', log: createLog({}, () => {}), signal: new AbortController().signal };
  await forgetHistory({ store: own.store })(context);
  expect(await own.db.query(sql`select 1 from idempotency_keys`)).toEqual([]);
});

test('what is stored is sealed, bound to its row', async () => {
  await post(ada, 'key-1');
  await post(ada, 'key-2', '{"name":"y"}');
  const [{ rows } = { rows: '' }] = await own.db.query<{ rows: string }>(
    sql`select jsonb_agg(k)::text as rows from idempotency_keys k`,
  );
  expect(rows).toContain('key-1');
  expect(rows).not.toContain('top-secret');
  await own.db.query(sql`update idempotency_keys a set answer_sealed = b.answer_sealed from idempotency_keys b
                          where a.key = 'key-1' and b.key = 'key-2'`);
  const answer = await post(ada, 'key-1');
  expect(codeOf(answer)).toEqual([500, 'secret_unreadable']);
});

test('a public operation replays for anyone who sends the same request with the same cookies', async () => {
  const send = (cookie: string) =>
    api.ask('POST', '/api/v1/hooks', {
      body: '{"name":"x"}',
      headers: { ...json, cookie, 'idempotency-key': 'key-1' },
    });
  await send('session=1');
  expect((await send('session=1')).headers.get('idempotency-replayed')).toBe('true');
  expect((await send('session=2')).headers.get('idempotency-replayed')).toBeNull();
  expect(made).toBe(2);
});

test('a public operation never replays a response, or a refusal, given to another secret', async () => {
  const send = (secret: string | undefined) =>
    api.ask('POST', '/api/v1/hooks', {
      body: '{"name":"x"}',
      headers: { ...json, ...(secret && { authorization: `Bearer ${secret}` }), 'idempotency-key': 'key-1' },
    });
  instead = async () => {
    throw new AppError('unauthorized');
  };
  expect((await send('guessed')).status).toBe(401);
  instead = undefined;
  expect((await send('right')).status).toBe(201);
  expect((await send('right')).headers.get('idempotency-replayed')).toBe('true');
  instead = async () => {
    throw new AppError('unauthorized');
  };
  expect([(await send('wrong')).status, (await send(undefined)).status]).toEqual([401, 401]);
});

test.each(['', ' ', 'two words', 'x'.repeat(256), 'schlüssel'])(
  'an invalid key (%j) is refused by its path',
  async (key) => {
    const answer = await post(ada, key);
    expect(codeOf(answer)).toEqual([422, 'invalid_request']);
    expect(answer.body.error?.details).toMatchObject({ fields: [{ path: 'headers.idempotency-key' }] });
    expect(made).toBe(0);
  },
);
