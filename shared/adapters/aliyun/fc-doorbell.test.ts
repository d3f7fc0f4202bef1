import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { PATIENCE } from '../../../tests/patience.ts';
import { fcDoorbell } from './fc-doorbell.ts';

/** A Function Compute that answers a call when the test says so. */
async function patientFunctionCompute(warn: (message: string) => void = () => {}) {
  const calls: string[] = [];
  const unanswered: ServerResponse[] = [];
  const server = createServer(async (request, response) => {
    calls.push((JSON.parse(await text(request)) as { request_id: string }).request_id);
    unanswered.push(response);
    server.emit('called');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const doorbell = fcDoorbell({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    functionName: 'deploy',
    credentials: () => ({ accessKeyId: 'id', accessKeySecret: 'secret' }),
    timeoutMs: PATIENCE.timeout,
    log: { warn },
  });
  return {
    doorbell,
    calls,
    called: () => once(server, 'called'),
    answer: () => void unanswered.shift()?.writeHead(202).end(),
    endConnections: () => void server.closeAllConnections(),
    close: () => void server.close().closeAllConnections(),
  };
}

test('rings during a call share the next one, which starts after it', async () => {
  const { doorbell, calls, called, answer, close } = await patientFunctionCompute();
  const begun = called();
  const answered: string[] = [];
  const ring = (name: string) => doorbell.ring(name).then(() => answered.push(name));
  const first = ring('first');
  await begun;
  const others = [ring('second'), ring('third')];
  const beganAgain = called();
  answer();
  await Promise.all([first, beganAgain]);
  expect([calls, answered]).toEqual([['first', 'second'], ['first']]);
  answer();
  await Promise.all(others);
  expect(calls).toEqual(['first', 'second']);
  const last = called();
  const again = ring('fourth');
  await last;
  answer();
  await again;
  expect(calls).toEqual(['first', 'second', 'fourth']);
  close();
});

test('a connection closed while idle loses no ring', async () => {
  const { doorbell, calls, called, answer, endConnections, close } = await patientFunctionCompute();
  for (const name of ['first', 'second']) {
    const heard = called();
    const rung = doorbell.ring(name);
    await heard;
    answer();
    await rung;
    endConnections();
  }
  expect(calls).toEqual(['first', 'second']);
  close();
});

test('a Function Compute that does not answer, or closes the connection, is a warning and no error', async () => {
  const warnings: string[] = [];
  const { doorbell, called, endConnections, close } = await patientFunctionCompute((message) => warnings.push(message));
  const heard = called();
  const rung = doorbell.ring('unanswered');
  await heard;
  endConnections();
  await rung;
  expect(warnings).toEqual(['the doorbell was not heard']);
  close();
});
