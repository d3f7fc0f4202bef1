import { fcDoorbell } from '@miaobu/shared/adapters/aliyun/fc-doorbell';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type FcUnderTest, server, startFcUnderTest, until } from '../../local/aliyun/fc/fc-under-test.ts';
import { listen } from '../../local/wire/emulator.ts';
import { PATIENCE } from '../patience.ts';

let fc: FcUnderTest;
const warnings: string[] = [];

beforeAll(async () => {
  fc = await startFcUnderTest();
  await fc.createFunction('miaobu-deploy', server(`console.log('woken by ' + body); response.end()`));
});
beforeEach(() => void warnings.splice(0));
afterAll(() => fc.close());

const doorbell = (change: { endpoint?: string; functionName?: string; secret?: string; timeoutMs?: number } = {}) =>
  fcDoorbell({
    endpoint: change.endpoint ?? fc.listening.url,
    functionName: change.functionName ?? 'miaobu-deploy',
    timeoutMs: change.timeoutMs ?? PATIENCE.timeout,
    credentials: () => ({ ...fc.account.operator, ...(change.secret ? { accessKeySecret: change.secret } : {}) }),
    log: { warn: (message, fields) => warnings.push(`${message} ${JSON.stringify(fields)}`) },
  });

test('a ring wakes the function with the request id, and a second ring wakes it again', async () => {
  await doorbell().ring('request-1');
  await doorbell().ring('request-1');
  await until(() => fc.lines.filter(({ line }) => line === 'woken by {"request_id":"request-1"}').length === 2);
  expect(warnings).toEqual([]);
});

test.each([
  ['a wrong key', { secret: 'wrong' }],
  ['a function that does not exist', { functionName: 'nobody' }],
  ['an address where nobody listens', { endpoint: 'http://127.0.0.1:1' }],
])('with %s a ring is lost, which is logged and no error', async (_, change) => {
  await doorbell(change).ring('request-2');
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('"requestId":"request-2"');
});

test('a Function Compute that does not answer delays nobody', async () => {
  const silent = await listen({ handle: () => {} });
  try {
    await doorbell({ endpoint: silent.url, timeoutMs: 50 }).ring('request-3');
    expect(warnings).toHaveLength(1);
  } finally {
    await silent.close();
  }
});
