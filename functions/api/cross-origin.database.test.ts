import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, PAGE_ORIGIN } from '../../tests/database/api-under-test.ts';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';

let own: TestStore;
let api: ApiUnderTest;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  api = apiUnderTest(own);
});
afterAll(() => own.close());

const PROJECTS = '/api/v1/projects';
const preflight = (origin: string) =>
  api.ask('OPTIONS', PROJECTS, {
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'idempotency-key' },
  });
const corsOf = (headers: Headers) => [...headers.keys()].filter((name) => name.startsWith('access-control-'));

test('a page of a listed origin may use everything, with its cookies, and the preflight is cached', async () => {
  const { status, headers } = await preflight(PAGE_ORIGIN);
  expect(status).toBe(204);
  expect(headers.get('access-control-allow-origin')).toBe(PAGE_ORIGIN);
  expect(headers.get('access-control-allow-credentials')).toBe('true');
  expect(headers.get('access-control-allow-methods')?.split(',')).toEqual(expect.arrayContaining(['PATCH', 'DELETE']));
  expect(headers.get('access-control-allow-headers')?.toLowerCase()).toMatch(
    /authorization.*idempotency-key.*if-match/,
  );
  expect(Number(headers.get('access-control-max-age'))).toBeGreaterThanOrEqual(600);
});

test('it can read successes and refusals alike, with the headers that say how to proceed', async () => {
  const { token } = await api.signUp('ada');
  const answers = [
    await api.ask('GET', '/api/v1/user', { headers: { origin: PAGE_ORIGIN, authorization: `Bearer ${token}` } }),
    await api.ask('GET', '/api/v1/user', { headers: { origin: PAGE_ORIGIN } }),
    await api.ask('GET', '/api/v1/nothing', { headers: { origin: PAGE_ORIGIN } }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 401, 404]);
  for (const { headers } of answers) {
    expect(headers.get('access-control-allow-origin')).toBe(PAGE_ORIGIN);
    const exposed = headers.get('access-control-expose-headers')?.toLowerCase().split(',');
    expect(exposed).toEqual(expect.arrayContaining(['etag', 'retry-after', 'ratelimit', 'x-request-id']));
    expect(headers.get('vary')).toContain('Origin');
  }
});

test.each([
  'https://evil.example',
  'https://console.example.evil.example',
  'https://sub.console.example',
  'http://console.example',
  'https://console.example:8443',
  'http://localhost:5173',
  'http://127.0.0.1:3000',
  'null',
  '*',
])('a page of %s gets no CORS headers', async (origin) => {
  const { headers } = await preflight(origin);
  expect(corsOf(headers)).toEqual([]);
  const answer = await api.ask('GET', '/api/v1/user', { headers: { origin } });
  expect(corsOf(answer.headers)).toEqual([]);
  expect(answer.headers.get('vary')).toContain('Origin');
});

test('no response ever allows all origins', async () => {
  for (const origin of [PAGE_ORIGIN, 'https://evil.example', undefined]) {
    const { headers } = await api.ask('GET', PROJECTS, { headers: origin === undefined ? {} : { origin } });
    expect(headers.get('access-control-allow-origin')).not.toBe('*');
  }
});
