import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { httpSiteProbe } from '@miaobu/shared/adapters/node/http-site-probe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deploymentId } from '../../edge-routine/testing/imitated-edge.ts';
import { PATIENCE } from '../patience.ts';

const SHOWN = deploymentId('shown');

let answer: (request: IncomingMessage, response: ServerResponse) => void;
const asked: { method?: string | undefined; url?: string | undefined; host?: string | undefined }[] = [];
const edge = createServer((request, response) => {
  asked.push({ method: request.method, url: request.url, host: request.headers.host });
  answer(request, response);
});
let edgeOrigin: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => edge.listen(0, '127.0.0.1', resolve));
  edgeOrigin = `http://127.0.0.1:${(edge.address() as AddressInfo).port}`;
});
afterAll(async () => {
  edge.closeAllConnections();
  await new Promise((resolve) => edge.close(resolve));
});

const probe = (options: { timeoutMs?: number } = {}) =>
  httpSiteProbe({
    sitesOrigin: 'http://sites.localhost:8080',
    probeOrigin: edgeOrigin,
    timeoutMs: PATIENCE.timeout,
    ...options,
  });

test('the deployment that answers is named, whatever its status, and its body is not waited for', async () => {
  for (const status of [200, 308, 404]) {
    answer = (_, response) => {
      response.writeHead(status, { 'x-miaobu-deployment': SHOWN, location: 'http://127.0.0.1:1/' });
      response.write('the body never ends');
    };
    expect(await probe().deploymentAt('blog.sites.localhost')).toBe(SHOWN);
  }
  expect(asked).toEqual(Array(3).fill({ method: 'GET', url: '/', host: 'blog.sites.localhost:8080' }));
});

test("what is not a deployment's answer is undefined", async () => {
  answer = (_, response) => response.writeHead(503).end('try again');
  expect(await probe().deploymentAt('blog.sites.localhost')).toBeUndefined();
  answer = (_, response) => response.writeHead(200, { 'x-miaobu-deployment': 'anything <b>else</b>' }).end();
  expect(await probe().deploymentAt('blog.sites.localhost')).toBeUndefined();
});

test('no answer is undefined', async () => {
  answer = () => {};
  expect(await probe({ timeoutMs: 50 }).deploymentAt('blog.sites.localhost')).toBeUndefined();
  answer = (request) => request.socket.destroy();
  expect(await probe().deploymentAt('blog.sites.localhost')).toBeUndefined();
  const nowhere = httpSiteProbe({ sitesOrigin: 'http://sites.invalid' });
  expect(await nowhere.deploymentAt('blog.sites.invalid')).toBeUndefined();
});

test("without another address to connect to, the site's own address is used", async () => {
  answer = (_, response) => response.writeHead(200, { 'x-miaobu-deployment': SHOWN }).end();
  const direct = httpSiteProbe({ sitesOrigin: edgeOrigin });
  expect(await direct.deploymentAt('127.0.0.1')).toBe(SHOWN);
});
