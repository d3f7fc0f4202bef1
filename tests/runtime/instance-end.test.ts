import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test, vi } from 'vitest';
import { PATIENCE } from '../patience.ts';
import { type RunningFunction, startFunction } from './start-function.ts';

// An instance is cut off half a minute after it was told to end: a test that ends in time has not seen that.
vi.setConfig({ testTimeout: 30_000 });

const started: RunningFunction[] = [];
afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
});

async function start(name: string): Promise<RunningFunction> {
  const running = await startFunction(name);
  started.push(running);
  return running;
}

/** Function Compute's two ways to say that an instance ends. */
const ends = {
  SIGTERM: async ({ child }: RunningFunction) => void child.kill('SIGTERM'),
  'pre-stop': async ({ origin }: RunningFunction) => {
    const answer = await fetch(`${origin}/pre-stop`, { headers: { 'x-fc-control-path': '/pre-stop' } });
    expect(answer.status).toBe(200);
  },
};

test.each(['SIGTERM', 'pre-stop'] as const)(
  'after %s a request under way is answered, new ones are refused, and the process ends by itself',
  async (end) => {
    const running = await start('echo-web-function');
    const agent = new Agent({ keepAlive: true });
    const asking = request(`${running.origin}/echo`, { method: 'POST', agent, headers: { expect: '100-continue' } });
    asking.flushHeaders();
    await once(asking, 'continue');
    asking.write('one half');

    await ends[end](running);
    await expect.poll(() => running.listens(), PATIENCE).toBe(false);
    expect(running.output()).not.toContain('everything is closed');
    asking.end(', the other half');
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    expect([answer.statusCode, answer.headers.connection]).toEqual([200, 'close']);
    expect(await text(answer)).toBe('one half, the other half');

    expect(await running.ended).toBe(0);
    expect(running.output()).toContain('everything is closed');
    expect(running.output()).toContain('"message":"instance stopped"');
    agent.destroy();
  },
);

test.each(['SIGTERM', 'pre-stop'] as const)(
  'after %s a stream of events ends, unfinished and whole, instead of holding up the end until it is cut',
  async (end) => {
    const running = await start('echo-web-function');
    const answer = await fetch(`${running.origin}/events`);
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let seen = '';
    while (!seen.includes(': still here')) seen += (await reader?.read())?.value ?? '';
    await ends[end](running);
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) seen += part.value;
    expect(seen).toMatch(/^retry: 1000\ndata: "begun"\n\n(: still here\n\n)+$/);
    expect(await running.ended).toBe(0);
  },
);

test('an answer that is still on its way to a slow client arrives whole', async () => {
  const running = await start('echo-web-function');
  const bytes = 48 * 1024 * 1024;
  const client = connect(running.port, '127.0.0.1');
  client.write(`GET /large?bytes=${bytes} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  const [first] = (await once(client, 'data')) as [Buffer];
  client.pause();
  running.child.kill('SIGTERM');
  await expect.poll(() => running.listens(), PATIENCE).toBe(false);
  let received = first.length;
  client.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  client.resume();
  await once(client, 'close');
  expect(received).toBeGreaterThan(bytes);
  expect(await running.ended).toBe(0);
});

test.each(['echo-web-function', 'echo-event-function'])(
  '%s does not wait for connections that are idle',
  async (name) => {
    const running = await start(name);
    const idle = connect(running.port, '127.0.0.1');
    await once(idle, 'connect');
    const kept = connect(running.port, '127.0.0.1');
    kept.write('GET /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await once(kept, 'data');
    running.child.kill('SIGTERM');
    // Both would be kept for a quarter of an hour.
    await Promise.all([once(idle, 'close'), once(kept, 'close')]);
    expect(await running.ended).toBe(0);
    expect(running.output()).toContain('everything is closed');
  },
);

test('an instance that is told twice to end closes once', async () => {
  const running = await start('echo-web-function');
  const asking = request(`${running.origin}/echo`, { method: 'POST', headers: { expect: '100-continue' } });
  asking.flushHeaders();
  await once(asking, 'continue');
  await ends['pre-stop'](running);
  running.child.kill('SIGTERM');
  await expect.poll(() => running.listens(), PATIENCE).toBe(false);
  asking.end('done');
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  expect(await text(answer)).toBe('done');
  expect(await running.ended).toBe(0);
  expect(running.output().split('everything is closed')).toHaveLength(2);
});
