import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { connectFc } from './aliyun-clients.ts';
import type { ReleaseConfig } from './release-config.ts';

/** A service that hangs up on the first requests, and how many came. */
async function connectToHangingUp(times: number) {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    if (requests <= times) return void request.socket.destroy();
    response.setHeader('content-type', 'application/json').end('{"functionName":"one"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { client, sdk } = await connectFc({
    credentials: { accessKeyId: 'id', accessKeySecret: 'secret' },
    cloud: { region: 'cn-hangzhou' },
    endpoints: { fc: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
  } as unknown as ReleaseConfig);
  return { client, sdk, requests: () => requests };
}

test('a read is retried when the connection is lost', async () => {
  const { client, sdk, requests } = await connectToHangingUp(2);
  const { body } = await client.getFunction('one', new sdk.GetFunctionRequest({}));
  expect(body?.functionName).toBe('one');
  expect(requests()).toBe(3);
});

test('a connection that is lost every time ends in an error', async () => {
  const { client, sdk, requests } = await connectToHangingUp(99);
  await expect(client.getFunction('one', new sdk.GetFunctionRequest({}))).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(requests()).toBe(3);
});

test('a change is never repeated', async () => {
  const { client, requests } = await connectToHangingUp(99);
  await expect(client.deleteFunction('one')).rejects.toThrow();
  expect(requests()).toBe(1);
});
