import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { exchange, Unavailable } from './http-request.ts';
import { type RetryClock, retryRequest } from './retry-request.ts';

/** A clock that advances when someone waits for it. */
function virtualClock(): RetryClock & { readonly waits: number[] } {
  let time = 0;
  const waits: number[] = [];
  return {
    waits,
    now: () => time,
    async wait(ms) {
      waits.push(ms);
      time += ms;
    },
  };
}

test('a server that is away for a minute is retried, at growing intervals', async () => {
  const clock = virtualClock();
  const attempt = async () => {
    if (clock.now() < 60_000) throw new Unavailable('away');
    return 'back';
  };
  expect(await retryRequest(attempt, {}, clock)).toBe('back');
  expect(clock.waits[0]).toBeLessThanOrEqual(100);
  expect(Math.max(...clock.waits)).toBeLessThanOrEqual(5_000);
});

test('a server that stays away is given up, but not within the first minute', async () => {
  const clock = virtualClock();
  const attempt = () => Promise.reject(new Unavailable('away'));
  await expect(retryRequest(attempt, {}, clock)).rejects.toThrow('away');
  expect(clock.now()).toBeGreaterThan(60_000);
  expect(clock.now()).toBeLessThan(120_000);
});

test('any other error ends it at the first try', async () => {
  const clock = virtualClock();
  await expect(retryRequest(() => Promise.reject(new Error('refused')), {}, clock)).rejects.toThrow('refused');
  expect(clock.waits).toEqual([]);
});

test('a server that asks for time gets it', async () => {
  const clock = virtualClock();
  let tries = 0;
  const attempt = async () => {
    tries += 1;
    if (tries === 1) throw new Unavailable('busy', { retryAfterMs: 7_000 });
    return clock.now();
  };
  expect(await retryRequest(attempt, {}, clock)).toBe(7_000);
});

test('a wait ends when its signal aborts, with the reason of the signal', async () => {
  const stop = new AbortController();
  const attempt = () => {
    stop.abort(new Error('stopped'));
    return Promise.reject(new Unavailable('away'));
  };
  await expect(retryRequest(attempt, { signal: stop.signal })).rejects.toThrow('stopped');
});

async function answering(status: number, headers: Record<string, string> = {}) {
  const server = createServer((_, response) => response.writeHead(status, headers).end('{}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    ask: () => exchange({ method: 'GET', url }),
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

test.each([400, 401, 403, 404, 409, 413, 422])('an answer %i is an answer', async (status) => {
  await using server = await answering(status);
  expect(await server.ask()).toMatchObject({ status });
});

test.each([408, 429, 500, 502, 503, 504])('an answer %i does not count: the request is repeated', async (status) => {
  await using server = await answering(status, { 'retry-after': '3' });
  await expect(server.ask()).rejects.toMatchObject({ name: 'Unavailable', retryAfterMs: 3_000 });
});

test('a port on which nobody listens is tried again', async () => {
  const server = await answering(200);
  await server[Symbol.asyncDispose]();
  await expect(server.ask()).rejects.toMatchObject({
    name: 'Unavailable',
    message: expect.stringContaining('ECONNREFUSED'),
  });
});
