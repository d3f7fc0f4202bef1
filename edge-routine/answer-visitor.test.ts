import { kvKey, ROUTE_NAMESPACE, shardKey, TABLE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { describe, expect, test } from 'vitest';
import { deploymentId, imitateEdge } from './testing/imitated-edge.ts';

const HOST = 'blog.sites.example';
const ROUTE_KEY = `${ROUTE_NAMESPACE}/${kvKey(HOST)}`;
const shardOfDeployment = (id: string) => `${TABLE_NAMESPACE}/${shardKey(id, 0)}`;
const brokenKv = () => Promise.reject(new Error('KV is down'));

async function shown(edge: ReturnType<typeof imitateEdge>): Promise<string> {
  const response = await edge.visit('/');
  return response.ok ? response.text() : String(response.status);
}

describe('a switch', () => {
  test('shows with the first request after the route is written, forward and back', async () => {
    const edge = imitateEdge();
    const first = edge.deploy({ id: deploymentId('one'), files: { 'index.html': 'one' } });
    expect(await shown(edge)).toBe('one');
    edge.deploy({ id: deploymentId('two'), files: { 'index.html': 'two' } });
    expect(await shown(edge)).toBe('two');
    edge.kv.set(ROUTE_KEY, JSON.stringify(first));
    expect(await shown(edge)).toBe('one');
  });

  test('keeps showing the previous deployment where the route arrived before its routing table', async () => {
    const edge = imitateEdge();
    edge.deploy({ id: deploymentId('one'), files: { 'index.html': 'one' } });
    expect(await shown(edge)).toBe('one');
    edge.deploy({ id: deploymentId('two'), files: { 'index.html': 'two' } });
    const table = edge.kv.get(shardOfDeployment(deploymentId('two'))) ?? '';
    edge.kv.delete(shardOfDeployment(deploymentId('two')));
    expect(await shown(edge)).toBe('one');
    expect((await edge.visit('/')).headers.get('x-miaobu-deployment')).toBe(deploymentId('one'));
    edge.kv.set(shardOfDeployment(deploymentId('two')), table);
    expect(await shown(edge)).toBe('two');
  });
});

describe('when the route cannot be read', () => {
  const failures: readonly [string, (edge: ReturnType<typeof imitateEdge>) => void][] = [
    ['KV fails', (edge) => Object.assign(edge, { lookup: brokenKv })],
    ['the value is not JSON', (edge) => edge.kv.set(ROUTE_KEY, '{"v":1,')],
    ['the value is of another schema', (edge) => edge.kv.set(ROUTE_KEY, '{"v":2,"type":"static"}')],
    ['the value is empty', (edge) => edge.kv.set(ROUTE_KEY, '')],
    [
      'the slug would leave the project',
      (edge) => edge.kv.set(ROUTE_KEY, (edge.kv.get(ROUTE_KEY) ?? '').replaceAll('blog', '../shop')),
    ],
    [
      'the deployment id would split a header',
      (edge) => edge.kv.set(ROUTE_KEY, (edge.kv.get(ROUTE_KEY) ?? '').replaceAll(deploymentId('one'), 'dep\\r\\nx: y')),
    ],
  ];

  test.each(failures)('because %s, the last good one serves for 60 s and no longer', async (_, fail) => {
    const edge = imitateEdge();
    edge.deploy({ files: { 'index.html': 'one' } });
    expect(await shown(edge)).toBe('one');
    fail(edge);
    edge.clock += 60_000;
    expect(await shown(edge)).toBe('one');
    edge.clock += 1;
    expect(await shown(edge)).toBe('503');
  });

  test.each(failures)('S-E13: because %s, and nothing is known: a 503 page without details', async (_, fail) => {
    const edge = imitateEdge();
    edge.deploy({ files: { 'index.html': 'one' } });
    fail(edge);
    const response = await edge.visit('/');
    const page = await response.text();
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(page).toContain('服务暂时不可用');
    expect(page).not.toMatch(/KV|JSON|dep_|blog/);
    expect(edge.log).toHaveLength(1);
    expect(edge.log[0]).toMatchObject({ event: 'route_unreadable', hostname: HOST });
  });

  test('a site that was taken down is gone at once, and stays gone when KV then fails', async () => {
    const edge = imitateEdge();
    edge.deploy({ files: { 'index.html': 'one' } });
    expect(await shown(edge)).toBe('one');
    edge.kv.delete(ROUTE_KEY);
    expect(await shown(edge)).toBe('404');
    edge.lookup = brokenKv;
    expect(await shown(edge)).toBe('503');
  });

  test('a hostname never falls back to the last good route of another', async () => {
    const edge = imitateEdge();
    edge.deploy({ files: { 'index.html': 'one' } });
    expect(await shown(edge)).toBe('one');
    edge.lookup = brokenKv;
    expect((await edge.visit('http://shop.sites.example/')).status).toBe(503);
  });

  test.each([
    ['missing', undefined],
    ['not JSON', '['],
    ['of another schema', '{"v":2,"types":[],"files":[]}'],
  ])('a routing table that is %s is a 503 that is logged, and is read again next time', async (_, value) => {
    const edge = imitateEdge();
    edge.deploy({ files: { 'index.html': 'one' } });
    const table = edge.kv.get(shardOfDeployment(deploymentId('one'))) ?? '';
    if (value === undefined) edge.kv.delete(shardOfDeployment(deploymentId('one')));
    else edge.kv.set(shardOfDeployment(deploymentId('one')), value);
    expect(await shown(edge)).toBe('503');
    expect(edge.log[0]).toMatchObject({ event: 'table_unreadable', deployment_id: deploymentId('one') });
    edge.kv.set(shardOfDeployment(deploymentId('one')), table);
    expect(await shown(edge)).toBe('one');
  });
});

describe('when the bucket cannot be read', () => {
  function failing(...answers: (Response | Error)[]) {
    const edge = imitateEdge();
    edge.deploy({ files: { 'index.html': 'one' } });
    edge.fetchOrigin = async () => {
      const answer = answers.shift();
      if (answer instanceof Response) return answer;
      throw answer ?? new Error('no more answers');
    };
    return edge;
  }
  const reset = () => new Error('connection reset by 10.0.0.7');
  const status = (code: number, headers = {}) => new Response('<Error>secret</Error>', { status: code, headers });

  test('a connection error is tried once more', async () => {
    const edge = failing(reset(), new Response('one'));
    expect(await shown(edge)).toBe('one');
    expect(edge.subRequests).toHaveLength(2);
    expect(edge.log).toEqual([]);
  });

  test.each([
    ['two connection errors', 502, 2, [reset(), reset()]],
    ['a missing blob', 502, 1, [status(404)]],
    ['a refusal', 502, 1, [status(403)]],
    ['a server error', 502, 1, [status(500)]],
    ['a redirect', 502, 1, [status(302, { location: 'http://evil.example/' })]],
    ['a part nobody asked for', 502, 1, [status(206, { 'content-range': 'bytes 0-1/3' })]],
    ['another length', 502, 1, [new Response('too long', { headers: { 'content-length': '8' } })]],
    ['compressed bytes', 502, 1, [new Response('one', { headers: { 'content-encoding': 'gzip' } })]],
    ['throttling', 503, 1, [status(503)]],
    ['too many requests', 503, 1, [status(429)]],
  ] as const)('%s is a %i page without details, logged with the key', async (_, expected, attempts, answers) => {
    const edge = failing(...answers);
    const response = await edge.visit('/');
    const page = await response.text();
    expect(response.status).toBe(expected);
    expect(page).not.toMatch(/secret|10\.0\.0\.7|blob|oss|evil/i);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('location')).toBeNull();
    expect(response.headers.has('retry-after')).toBe(expected === 503);
    expect(edge.subRequests).toHaveLength(attempts);
    expect(edge.log).toHaveLength(1);
    expect(edge.log[0]).toMatchObject({ event: 'blob_unreadable', deployment_id: deploymentId('one') });
    expect(edge.log[0]?.key).toMatch(/^projects\/blog\/blobs\/[0-9a-f]{64}$/);
  });

  test.each(['bytes 0-0/3', 'bytes 0-1/4', null])('a part with Content-Range %s is not the part 0-1', async (value) => {
    const edge = failing(status(206, value ? { 'content-range': value } : {}));
    expect((await edge.visit('/', { headers: { range: 'bytes=0-1' } })).status).toBe(502);
  });

  test('an unforeseen error inside the routine is a 503 page and a log line, never a rejection', async () => {
    const edge = imitateEdge();
    edge.deploy({ files: { 'index.html': { content: 'one', type: 'text/html' } } });
    const key = shardOfDeployment(deploymentId('one'));
    edge.kv.set(key, (edge.kv.get(key) ?? '').replace('text/html', 'text/html\\r\\nset-cookie: a=b'));
    const response = await edge.visit('/');
    expect(response.status).toBe(503);
    expect(response.headers.get('set-cookie')).toBeNull();
    expect(edge.log[0]).toMatchObject({ event: 'routine_failed' });
  });
});

test('HTTPS is pinned for a year on answers over https and never mentioned over http', async () => {
  const edge = imitateEdge();
  edge.deploy({ files: { 'index.html': 'one' } });
  for (const path of ['/', '/missing', '/%00']) {
    const secure = await edge.visit(`https://${HOST}${path}`);
    expect(secure.headers.get('strict-transport-security')).toBe('max-age=31536000');
    expect((await edge.visit(path)).headers.get('strict-transport-security')).toBeNull();
  }
  expect((await edge.visit('https://unknown.example/')).headers.has('strict-transport-security')).toBe(true);
});

test('every answer of a site names its deployment: page, 304, redirect, 404, 416 and 502', async () => {
  const edge = imitateEdge();
  edge.deploy({ files: { 'index.html': 'one', 'a/index.html': 'a' } });
  const visits = [
    edge.visit('/'),
    edge.visit('/', { headers: { 'if-none-match': '*' } }),
    edge.visit('/a'),
    edge.visit('/missing'),
    edge.visit('/', { headers: { range: 'bytes=9-' } }),
  ];
  edge.bucket.clear();
  const answers = [...(await Promise.all(visits)), await edge.visit('/')];
  expect(answers.map((response) => response.headers.get('x-miaobu-deployment'))).toEqual(
    Array(6).fill(deploymentId('one')),
  );
});

test('the sub-request stays on the scheme, hostname and port of the visitor, without the query', async () => {
  const edge = imitateEdge();
  edge.deploy({ files: { 'index.html': 'one' } });
  await edge.visit(`https://${HOST.toUpperCase()}.:8443/?secret=1#x`);
  expect(edge.subRequests[0]?.url).toMatch(
    /^https:\/\/blog\.sites\.example:8443\/projects\/blog\/blobs\/[0-9a-f]{64}$/,
  );
});
