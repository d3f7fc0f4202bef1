import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closedLoop } from './closed-loop.ts';

let server: Server;
let answered = 0;
let connections = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    answered += 1;
    response.end(request.headers.host);
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(() => void server.close());

const target = (body: string) => ({
  port: (server.address() as AddressInfo).port,
  path: '/',
  host: 'site.example',
  body: Buffer.from(body),
});

test('counts every answer, over the given number of connections', async () => {
  const { latenciesMs, requestsPerSecond } = await closedLoop(target('site.example'), 3, 100);
  expect(latenciesMs.length).toBe(answered);
  expect(connections).toBe(3);
  expect(requestsPerSecond).toBeGreaterThan(0);
});

test('ends with an error at the first answer that is not the page', async () => {
  await expect(closedLoop(target('another page'), 1, 10_000)).rejects.toThrow('not what it should');
});
