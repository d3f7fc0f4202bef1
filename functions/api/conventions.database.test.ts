import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { endpoint } from '@miaobu/shared/contracts/endpoint';
import { noParams, noQuery } from '@miaobu/shared/contracts/pagination';
import { ifMatch } from '@miaobu/shared/contracts/preconditions';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import * as z from 'zod';
import { type ApiUnderTest, apiUnderTest, ORIGIN, type SignedUpUser } from '../../tests/database/api-under-test.ts';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { assertUnchanged } from './etag.ts';

// Guarantees for every endpoint, shown with some that exist only here.

const thing = z.strictObject({ name: z.string(), version: z.int() });
const base = {
  method: 'GET',
  path: '/api/v1/things',
  summary: 'One thing.',
  tag: 'account',
  access: 'account:read',
  params: noParams,
  query: noQuery,
  body: null,
  output: thing,
  status: 200,
  paginated: false,
  errors: [],
} as const;
const table = {
  get: endpoint({ ...base, etag: true }),
  update: endpoint({
    ...base,
    method: 'PATCH',
    headers: ifMatch,
    body: z.strictObject({ name: z.string() }),
    etag: true,
    errors: ['precondition_failed'],
  }),
  replace: endpoint({
    ...base,
    method: 'PUT',
    headers: ifMatch,
    requiresIfMatch: true,
    body: z.strictObject({ name: z.string() }),
    etag: true,
  }),
  old: endpoint({
    ...base,
    path: '/api/v1/old-things',
    deprecated: { since: '2031-02-03', sunset: '2032-02-03', successor: '/api/v1/things' },
  }),
  leak: endpoint({ ...base, path: '/api/v1/leak' }),
};
type Asked = { readonly headers: { readonly 'if-match'?: string }; readonly body: { readonly name: string } };

let own: TestStore;
let api: ApiUnderTest;
let ada: SignedUpUser;
let stored: { name: string; version: number };

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  stored = { name: 'one', version: 1 };
  const get = async () => ({ data: stored });
  const update = async ({ headers, body }: Asked) => {
    assertUnchanged(headers['if-match'], stored);
    stored = { name: body.name, version: stored.version + 1 };
    return { data: stored };
  };
  const leak = async () => ({ data: { ...stored, token_sha256: 'of ours' } });
  api = apiUnderTest(own, { endpoints: { table, operations: { get, update, replace: update, old: get, leak } } });
  ada = await api.signUp('ada');
});
afterAll(() => own.close());

const write = (method: string, name: string, ifMatchTag?: string) =>
  ada.ask(method, base.path, {
    body: JSON.stringify({ name }),
    headers: { 'content-type': 'application/json', ...(ifMatchTag === undefined ? {} : { 'if-match': ifMatchTag }) },
  });
const etagOf = async () => (await ada.ask('GET', base.path)).headers.get('etag') ?? '';

test('a caller whose copy is current is told so, without a body', async () => {
  const etag = await etagOf();
  const again = await ada.ask('GET', base.path, { headers: { 'if-none-match': etag } });
  expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', etag]);
  await write('PATCH', 'two');
  const changed = await ada.ask('GET', base.path, { headers: { 'if-none-match': etag } });
  expect(changed.status).toBe(200);
  expect(changed.headers.get('etag')).not.toBe(etag);
});

test('of two who edit what both have read the second is refused, and nothing is changed', async () => {
  const etag = await etagOf();
  const first = await write('PATCH', 'by the first', etag);
  expect(first.status).toBe(200);
  const second = await write('PATCH', 'by the second', etag);
  expect([second.status, second.body.error?.code]).toEqual([412, 'precondition_failed']);
  expect(stored.name).toBe('by the first');
  expect(first.headers.get('etag')).toBe(await etagOf());
  expect((await write('PATCH', 'by the second', first.headers.get('etag') ?? '')).status).toBe(200);
});

test('a required precondition that is missing is 428', async () => {
  const answer = await write('PUT', 'two');
  expect([answer.status, answer.body.error?.code, stored.version]).toEqual([428, 'precondition_required', 1]);
  expect((await write('PUT', 'two', await etagOf())).status).toBe(200);
  expect((await write('PATCH', 'three')).status).toBe(200);
});

test('a deprecated endpoint says since when, until when, and what replaces it', async () => {
  for (const answer of [await ada.ask('GET', '/api/v1/old-things'), await api.ask('GET', '/api/v1/old-things')]) {
    expect(answer.headers.get('deprecation')).toBe(`@${Date.UTC(2031, 1, 3) / 1000}`);
    expect(answer.headers.get('sunset')).toBe('Tue, 03 Feb 2032 00:00:00 GMT');
    expect(answer.headers.get('link')).toBe('</api/v1/things>; rel="successor-version"');
  }
  expect((await ada.ask('GET', base.path)).headers.get('deprecation')).toBeNull();
});

test('fields outside the contract are never sent: the response is a 500 without them', async () => {
  const answer = await ada.ask('GET', '/api/v1/leak');
  expect(answer.status).toBe(500);
  expect(answer.text).not.toContain('of ours');
});

test.each([
  ['br', brotliDecompressSync],
  ['gzip', gunzipSync],
] as const)(
  'a response of a kilobyte is coded in %s for callers that accept it; a small one is not',
  async (coding, decode) => {
    const ask = () =>
      api.app.request(`${ORIGIN}${base.path}`, {
        headers: { authorization: `Bearer ${ada.token}`, 'accept-encoding': coding },
      });
    expect((await ask()).headers.get('content-encoding')).toBeNull();
    stored = { name: 'x'.repeat(1024), version: 1 };
    const response = await ask();
    expect(response.headers.get('content-encoding')).toBe(coding);
    expect(response.headers.get('vary')).toMatch(/Accept-Encoding/);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.length).toBeLessThan(200);
    expect(JSON.parse(decode(bytes).toString())).toEqual({ data: stored });
  },
);

test('HEAD is answered like GET, without the body', async () => {
  const answer = await ada.ask('HEAD', base.path);
  expect([answer.status, answer.text, answer.headers.get('etag')]).toEqual([200, '', await etagOf()]);
});
