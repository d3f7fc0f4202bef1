import { openapiDocument } from '@miaobu/shared/contracts/openapi';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest } from '../../tests/database/api-under-test.ts';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';

let own: TestStore;
let api: ApiUnderTest;

beforeAll(async () => {
  own = await openTestStore();
  api = apiUnderTest(own);
});
afterAll(() => own.close());

const OPENAPI = '/api/v1/openapi.json';
const REFERENCE = '/api/v1/reference';
/** Pages for people, which are not part of the API. */
const PAGES = ['GET /', 'GET /device', 'POST /device'];

test('the document lists exactly the live routes', () => {
  const live = api.app.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${path}`)
    .filter((route) => !PAGES.includes(route));
  const listed = Object.entries(openapiDocument().paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
  );
  expect([...new Set(live)].sort()).toEqual(listed.sort());
});

test('whatever is not listed is 404, and a listed path with another method 405', async () => {
  const { paths } = openapiDocument();
  const isListed = (method: string, asked: string) =>
    Object.entries(paths).some(
      ([path, methods]) =>
        method.toLowerCase() in methods && new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`).test(asked),
    );
  for (const path of Object.keys(paths)) {
    const asked = path.replace(/\{\w+\}/g, 'x');
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      if (isListed(method, asked) || path.startsWith('/health/')) continue;
      expect((await api.ask(method, asked)).status, `${method} ${path}`).toBe(405);
    }
    expect((await api.ask('GET', `${asked}/a/path/beside/it`)).status, path).toBe(404);
  }
});

test('anybody may read the reference, as an inert page', async () => {
  const answer = await api.app.request(REFERENCE);
  expect(answer.status).toBe(200);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': expect.stringMatching(
      /^default-src 'none'; style-src 'sha256-[\w+/=]+'; base-uri 'none'/,
    ),
    'cross-origin-opener-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    'strict-transport-security': 'max-age=31536000',
  });
  expect(await answer.text()).toMatch(/^<!doctype html>\n<html lang="en">/);
  const again = await api.ask('GET', REFERENCE, { headers: { 'if-none-match': answer.headers.get('etag') ?? '' } });
  expect(again.status).toBe(304);
});

test('anybody may read the document, and may cache it', async () => {
  const answer = await api.ask('GET', OPENAPI);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
  expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
  expect(answer.body).toEqual(JSON.parse(JSON.stringify(openapiDocument())));
  const etag = answer.headers.get('etag') ?? '';
  const again = await api.ask('GET', OPENAPI, { headers: { 'if-none-match': etag } });
  expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', etag]);
  expect((await api.ask('GET', OPENAPI, { headers: { 'if-none-match': '"another"' } })).status).toBe(200);
});
