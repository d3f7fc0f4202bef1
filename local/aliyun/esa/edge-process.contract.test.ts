import { once } from 'node:events';
import http, { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { PATIENCE } from '../../../tests/patience.ts';
import { type EdgeForTests, startEdgeForTests } from './start-edge-for-tests.ts';
import { openToEdge } from './testing/send-to-edge.ts';

const HOST = 'www.sites.localhost';

let edge: EdgeForTests;
let delay = 0;
let origin: { port: number; next(): Promise<[IncomingMessage, ServerResponse]>; close(): void };

const routine = (version: string) => `
  const kv = new EdgeKV({ namespace: 'routes' });
  export default { async fetch(request) {
    const url = new URL(request.url);
    if (url.pathname === '/loop') for (;;) {}
    if (url.pathname.startsWith('/kv/')) return new Response(await kv.get(url.pathname.slice(4), { type: 'text' }) ?? 'missing');
    if (url.pathname === '/self') return fetch('http://${HOST}:' + url.port + '/self');
    if (url.pathname === '/origin') {
      const answer = await fetch('http://127.0.0.1:${origin.port}/', { method: request.method, body: request.body });
      return new Response(answer.body, { status: answer.status, headers: { 'x-version': '${version}' } });
    }
    return new Response('${version}');
  } };`;

beforeAll(async () => {
  const waiting: [IncomingMessage, ServerResponse][] = [];
  const server = createServer((request, response) => {
    waiting.push([request, response]);
    server.emit('arrived');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = {
    port: (server.address() as AddressInfo).port,
    async next() {
      while (waiting.length === 0) await once(server, 'arrived');
      return waiting.shift() as [IncomingMessage, ServerResponse];
    },
    close: () => void server.close(() => undefined).closeAllConnections(),
  };
  edge = await startEdgeForTests({ kvPropagationMs: () => delay });
  await edge.route('true');
  await publish('first');
});
afterAll(async () => {
  origin.close();
  await edge.close();
});

const body = async (path: string) => (await edge.visit({ host: HOST, path })).body;

async function publish(version: string) {
  await edge.publish(routine(version));
  await vi.waitUntil(async () => (await body('/')) === version, PATIENCE);
}

test('an answer streams: its beginning arrives before its end exists', async () => {
  const arriving = openToEdge(edge.esa.edge.port, { host: HOST, path: '/origin' });
  const [, response] = await origin.next();
  response.write('event: one\n\n');
  const incoming = await arriving;
  const [first] = await once(incoming, 'data');
  expect(String(first)).toBe('event: one\n\n');
  response.end('event: two\n\n');
  expect(await text(incoming)).toBe('event: two\n\n');
});

test('a request streams: its beginning reaches the origin before its end is sent', async () => {
  const { port } = edge.esa.edge;
  const outgoing = http.request({ host: '127.0.0.1', port, path: '/origin', method: 'POST', headers: { host: HOST } });
  const answered = once(outgoing, 'response');
  outgoing.write('part one ');
  const [request, response] = await origin.next();
  const [first] = await once(request, 'data');
  expect(String(first)).toBe('part one ');
  outgoing.end('part two');
  expect(await text(request)).toBe('part two');
  response.end('done');
  const [incoming] = await answered;
  expect(await text(incoming as IncomingMessage)).toBe('done');
});

test('when a visitor disconnects, the request to the origin is cancelled too', async () => {
  const arriving = openToEdge(edge.esa.edge.port, { host: HOST, path: '/origin' });
  const [, response] = await origin.next();
  const gone = once(response, 'close');
  response.write('the beginning');
  (await arriving).destroy();
  const stillWriting = setInterval(() => response.write('more'), 20);
  await gone;
  clearInterval(stillWriting);
});

test('publishing drops no request: those in progress end on the old version, later ones run the new one', async () => {
  const arriving = openToEdge(edge.esa.edge.port, { host: HOST, path: '/origin' });
  const [, response] = await origin.next();
  response.write('begun under the first, ');
  const incoming = await arriving;
  const statuses = new Set<number>();
  let busy = true;
  const visitors = (async () => {
    while (busy) statuses.add((await edge.visit({ host: HOST })).status);
  })();
  await publish('second');
  busy = false;
  await visitors;
  expect([...statuses]).toEqual([200]);
  response.end('ended after the second');
  expect(incoming.headers['x-version']).toBe('first');
  expect(await text(incoming)).toBe('begun under the first, ended after the second');
});

test('a routine that fetches its own host, which has no origin, gets a loop error', async () => {
  const { status } = await edge.visit({ host: `${HOST}:${edge.esa.edge.port}`, path: '/self' });
  expect(status).toBe(508);
});

test('a KV write is not visible while it propagates, and then arrives', async () => {
  delay = 3_600_000;
  await edge.putKv('slow', 'written');
  delay = 0;
  await edge.putKv('fast', 'written');
  await expect.poll(() => body('/kv/fast'), PATIENCE).toBe('written');
  expect(await body('/kv/slow')).toBe('missing');
  delay = 50;
  await edge.putKv('soon', 'written');
  await expect.poll(() => body('/kv/soon'), PATIENCE).toBe('written');
  delay = 0;
});

test('of two writes of one key the later wins, whichever arrives last', async () => {
  delay = 100;
  await edge.putKv('contested', 'earlier');
  delay = 0;
  await edge.putKv('contested', 'later');
  await expect.poll(() => body('/kv/contested'), PATIENCE).toBe('later');
  delay = 100;
  await edge.putKv('marker', 'arrived after the earlier one');
  delay = 0;
  await expect.poll(() => body('/kv/marker'), PATIENCE).toBe('arrived after the earlier one');
  expect(await body('/kv/contested')).toBe('later');
});

test('a routine in an endless loop is killed, and the edge serves again on the same port with the same state', async () => {
  const looping = await startEdgeForTests({ heartbeatTimeoutMs: 1000 });
  try {
    await looping.route('true');
    await looping.publish(routine('looping'));
    await looping.putKv('known', 'before the loop');
    const known = () => looping.visit({ host: HOST, path: '/kv/known' }).then(({ body }) => body, String);
    await expect.poll(known, PATIENCE).toBe('before the loop');
    const { port } = looping.esa.edge;
    await expect(looping.visit({ host: HOST, path: '/loop' })).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect.poll(known, PATIENCE).toBe('before the loop');
    expect(looping.esa.edge.port).toBe(port);
    expect(looping.log.join('\n')).toContain('started again');
  } finally {
    await looping.close();
  }
});

test('an edge is not killed because its supervisor was held up', async () => {
  const held = await startEdgeForTests({ heartbeatTimeoutMs: 3000 });
  try {
    await held.esa.edge.ready();
    // Blocks this process, which is the supervisor's.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4000);
    await held.visit({ host: HOST });
    expect(held.log).toEqual([]);
  } finally {
    await held.close();
  }
});

test('a restart keeps what is published', async () => {
  await edge.putKv('known', 'before the restart');
  await edge.esa.edge.restart();
  expect(await body('/')).toBe('second');
});

test('when the local cloud starts again, the edge has routine, routes and KV', async () => {
  await edge.reopen();
  expect(await body('/')).toBe('second');
  expect(await body('/kv/known')).toBe('before the restart');
});
