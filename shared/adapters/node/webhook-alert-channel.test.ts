import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import type { Alert } from '../../ports/alert-channel.ts';
import { webhookAlertChannel } from './webhook-alert-channel.ts';

const alert: Alert = {
  kind: 'dead_letter',
  id: 'one',
  topic: 'route.publish',
  errorClass: 'transient',
  error: 'edge_unavailable',
  attempts: 48,
  requestId: 'request',
  at: '2026-03-01T12:00:00.000Z',
};

/** A receiver that answers everything with this status. */
async function receiver(status: number, headers: Readonly<Record<string, string>> = {}) {
  const received: unknown[] = [];
  const server = createServer(async (request, response) => {
    received.push(await json(request));
    response.writeHead(status, headers).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  return { received, send: () => webhookAlertChannel({ url: `http://127.0.0.1:${port}/` }).send(alert) };
}

test.each([200, 202, 204])('an alert arrives as JSON, and %i means that it was received', async (status) => {
  const { received, send } = await receiver(status);
  await send();
  expect(received).toEqual([alert]);
});

test.each([
  [429, {}, { status: 429, retryAfterSeconds: 60 }],
  [429, { 'retry-after': '5' }, { status: 429, retryAfterSeconds: 60 }],
  [429, { 'retry-after': '300' }, { status: 429, retryAfterSeconds: 300 }],
  [503, { 'retry-after': '5' }, { status: 503, retryAfterSeconds: 5 }],
  [503, {}, { status: 503 }],
  [301, { location: 'https://elsewhere.example/' }, undefined],
  [404, {}, { status: 404 }],
])('the answer %i %j means that it was not received, and says how long to wait', async (status, headers, details) => {
  const { send } = await receiver(status, headers);
  await expect(send()).rejects.toMatchObject({ code: 'alert_undeliverable', details });
});
