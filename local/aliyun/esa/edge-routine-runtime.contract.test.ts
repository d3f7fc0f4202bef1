import { afterAll, beforeAll, expect, test } from 'vitest';
import { PATIENCE } from '../../../tests/patience.ts';
import { type EdgeForTests, startEdgeForTests } from './start-edge-for-tests.ts';

const HOST = 'www.sites.localhost';

let edge: EdgeForTests;

beforeAll(async () => {
  edge = await startEdgeForTests();
  await edge.route('true');
});
afterAll(() => edge.close());

let published = 0;

/** Publishes a routine whose handler has this body, waits until the edge runs it, and returns what it answers. */
async function answerOf(body: string, path = '/', before = '') {
  published += 1;
  const code = `${before}
    const handler = async (request, context, env) => { ${body} };
    export default { fetch: (request, ...rest) =>
      request.url.endsWith('/version') ? new Response('${published}') : handler(request, ...rest) };`;
  await edge.publish(code);
  const version = async () => (await edge.visit({ host: HOST, path: '/version' })).body;
  await expect.poll(version, PATIENCE).toBe(String(published));
  return edge.visit({ host: HOST, path });
}

test('EdgeKV gives text, JSON, bytes or a stream, and undefined for what is missing', async () => {
  await edge.putKv('text', '{"name":"中文"}');
  const { body } = await answerOf(`
    const kv = new EdgeKV({ namespace: 'routes' });
    const pending = kv.get('text', { type: 'json' });
    return Response.json({
      isPromise: typeof pending.then === 'function',
      json: (await pending).name,
      text: await kv.get('text', { type: 'text' }),
      bytes: (await kv.get('text', { type: 'arrayBuffer' })).byteLength,
      byDefault: await new Response(await kv.get('text')).text(),
      missing: (await kv.get('nothing', { type: 'text' })) === undefined,
    });`);
  expect(JSON.parse(body)).toEqual({
    isPromise: true,
    json: '中文',
    text: '{"name":"中文"}',
    bytes: 17,
    byDefault: '{"name":"中文"}',
    missing: true,
  });
});

test('EdgeKV without a namespace is an error', async () => {
  const { body } = await answerOf(`
    try { new EdgeKV({}); return new Response('made'); } catch (error) { return new Response(error.message); }`);
  expect(body).toContain('namespace');
});

test('nothing of Node is reachable, and no code can be made from strings', async () => {
  const { body } = await answerOf(`
    const evaluate = (run) => { try { return String(run()); } catch (error) { return error.name; } };
    return Response.json({
      globals: ['process', 'Buffer', 'require', 'global', 'module', '__dirname', 'setImmediate'].filter((name) => name in globalThis),
      eval: evaluate(() => eval('1 + 1')),
      function: evaluate(() => new Function('return 1')()),
    });`);
  expect(JSON.parse(body)).toEqual({ globals: [], eval: 'EvalError', function: 'EvalError' });
});

test('instanceof holds for values the runtime hands over', async () => {
  const { body } = await answerOf(`
    class OwnError extends Error {}
    const caught = await fetch('ftp://a.example').catch((error) => error);
    return Response.json([
      request instanceof Request,
      (await new Response('{}').json()) instanceof Object,
      new TextEncoder().encode('x') instanceof Uint8Array,
      caught instanceof TypeError && caught instanceof Error && !(caught instanceof OwnError),
      new OwnError() instanceof Error,
      !([] instanceof Error),
    ]);`);
  expect(JSON.parse(body)).toEqual([true, true, true, true, true, true]);
});

test('the request is (request, context, env), and background work may fail without harm', async () => {
  const { status, body } = await answerOf(`
    context.waitUntil(Promise.reject(new Error('background work failed')));
    setTimeout(() => { throw new Error('thrown in a timer'); }, 0);
    Promise.reject(new Error('nobody waits for this'));
    return new Response(typeof env);`);
  expect([status, body]).toEqual([200, 'object']);
  const logged = () => edge.log.join('\n');
  for (const message of ['background work failed', 'thrown in a timer', 'nobody waits for this'])
    await expect.poll(logged, PATIENCE).toContain(message);
});

test('a routine that throws, or returns nothing, is a 500 without details, and the log has the stack', async () => {
  const thrown = await answerOf(`throw new Error('the secret reason');`);
  expect(thrown).toMatchObject({ status: 500, body: 'The edge routine failed.\n' });
  await expect.poll(() => edge.log.join('\n'), PATIENCE).toMatch(/the secret reason[\s\S]*router@/);
  expect((await answerOf('return undefined;')).status).toBe(500);
});

test('the client address is that of the connection, whatever the client claims', async () => {
  await answerOf(`return Response.json(Object.fromEntries(request.headers));`);
  const headers = { 'ali-real-client-ip': '203.0.113.9', 'x-forwarded-for': '198.51.100.7', connection: 'close' };
  const { body } = await edge.visit({ host: HOST, headers });
  expect(JSON.parse(body)).toMatchObject({
    'ali-real-client-ip': '127.0.0.1',
    'x-forwarded-for': '198.51.100.7, 127.0.0.1',
  });
});

test('the Cache API keeps a response under its URL whatever the scheme, and deletes it', async () => {
  const { body } = await answerOf(`
    const key = 'http://www.sites.localhost/page';
    await cache.put(key, new Response('page', { headers: { 'cache-control': 'max-age=60', 'x-kept': 'yes' } }));
    await cache.put('http://www.sites.localhost/never', new Response('x', { headers: { 'cache-control': 'no-store' } }));
    const hit = await cache.get(new Request('https://www.sites.localhost/page'));
    return Response.json({
      hit: await hit.text(),
      kept: hit.headers.get('x-kept'),
      missing: (await cache.get('http://www.sites.localhost/other')) === undefined,
      noStore: (await cache.get('http://www.sites.localhost/never')) === undefined,
      deleted: [await cache.delete(key), await cache.delete(key), (await cache.get(key)) === undefined],
    });`);
  expect(JSON.parse(body)).toEqual({
    hit: 'page',
    kept: 'yes',
    missing: true,
    noStore: true,
    deleted: [true, false, true],
  });
});

test('a purge reaches the Cache API only when it says so', async () => {
  await answerOf(`
    const key = 'http://www.sites.localhost/counted';
    const hit = await cache.get(key);
    if (!hit) await cache.put(key, new Response('stored'));
    return new Response(hit ? 'hit' : 'miss');`);
  const visit = async () => (await edge.visit({ host: HOST })).body;
  const tasks = async () => {
    const request = new edge.models.DescribePurgeTasksRequest({ siteId: edge.siteId, status: 'Refreshing' });
    return (await edge.client.describePurgeTasks(request)).body?.totalCount;
  };
  expect(await visit()).toBe('hit');
  await edge.purge('hostname', { hostnames: [HOST] });
  await expect.poll(tasks, PATIENCE).toBe(0);
  expect(await visit()).toBe('hit');
  await edge.purge('hostname', { hostnames: [HOST] }, true);
  await expect.poll(tasks, PATIENCE).toBe(0);
  expect(await visit()).toBe('miss');
});

test('TRACE is refused, and hop-by-hop headers of an answer do not pass', async () => {
  const answer = await answerOf(`
    return new Response('x', { headers: { connection: 'x-private', 'x-private': '1', 'keep-alive': 'timeout=1', 'x-public': '2' } });`);
  expect(answer.headers).toMatchObject({ 'x-public': '2' });
  expect(answer.headers).not.toHaveProperty('x-private');
  expect((await edge.visit({ host: HOST, method: 'TRACE' })).status).toBe(405);
});

test('a version that does not load answers 500 and the next one repairs it', async () => {
  await edge.publish('throw new Error("at the top level"); export default {};');
  await expect.poll(async () => (await edge.visit({ host: HOST })).status, PATIENCE).toBe(500);
  await expect.poll(() => edge.log.join('\n'), PATIENCE).toContain('at the top level');
  expect((await answerOf(`return new Response('repaired');`)).body).toBe('repaired');
});
