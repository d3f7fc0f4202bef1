import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PATIENCE } from '../../tests/patience.ts';
import {
  type Checkout,
  createCheckout,
  listenToPushes,
  other,
  type RunningGithub,
  startGithub,
  startWebhookReceiver,
  type WebhookReceiver,
} from './start-github-for-tests.ts';

interface ListedDelivery {
  readonly id: number;
  readonly guid: string;
  readonly event: string;
  readonly redelivery: boolean;
  readonly status: string;
  readonly status_code: number;
}

let github: RunningGithub;
let receiver: WebhookReceiver;
let checkout: Checkout;

async function start(options: Parameters<typeof startGithub>[0] = {}): Promise<void> {
  github = await startGithub(options);
  receiver = await startWebhookReceiver();
  checkout = await createCheckout(github.remote('you/site'));
  await checkout.commit('first', { 'index.html': 'one' });
  await checkout.git('push', 'origin', 'main');
}
async function stop(): Promise<void> {
  await github.close();
  await receiver.close();
  await checkout.remove();
}
beforeEach(() => start());
afterEach(stop);

const hooks = '/repos/you/site/hooks';
const post = (path: string, body?: unknown) =>
  github.api(path, { method: 'POST', ...(body === undefined ? {} : { body: JSON.stringify(body) }) });

const deliveriesOf = async (hook: number) =>
  (await (await github.api(`${hooks}/${hook}/deliveries`)).json()) as ListedDelivery[];

async function waitForDeliveries(hook: number, count: number): Promise<ListedDelivery[]> {
  await vi.waitUntil(async () => (await deliveriesOf(hook)).length >= count, PATIENCE);
  return deliveriesOf(hook);
}

async function pushSomething(message: string): Promise<string> {
  const sha = await checkout.commit(message, {});
  await checkout.git('push', 'origin', 'main');
  return sha;
}

test('a new hook is pinged, signed, and shows what came back', async () => {
  const hook = await listenToPushes(github, 'you/site', receiver);
  const [ping] = await waitForDeliveries(hook, 1);
  expect(receiver.received[0]).toMatchObject({
    event: 'ping',
    signed: true,
    payload: { hook_id: hook, hook: { type: 'Repository', config: { url: receiver.url, secret: '********' } } },
  });
  expect(ping).toMatchObject({ event: 'ping', status: 'OK', status_code: 202, redelivery: false });
  expect(await (await github.api(`${hooks}/${hook}`)).json()).toMatchObject({
    id: hook,
    active: true,
    events: ['push'],
    config: { url: receiver.url, content_type: 'json', secret: '********' },
    last_response: { code: 202, status: 'active' },
  });
});

test('all hooks of one event get the same delivery id', async () => {
  const second = await startWebhookReceiver();
  await listenToPushes(github, 'you/site', receiver);
  await listenToPushes(github, 'you/site', second);
  await pushSomething('second');
  const [one] = await receiver.pushes(1);
  const [two] = await second.pushes(1);
  expect(one?.guid).toBe(two?.guid);
  expect(one?.headers['x-github-hook-id']).not.toBe(two?.headers['x-github-hook-id']);
  await second.close();
});

test('a failed delivery is recorded and not repeated, until it is asked for: then with the same id and body', async () => {
  const hook = await listenToPushes(github, 'you/site', receiver);
  await waitForDeliveries(hook, 1);
  receiver.answer = () => 503;
  const sha = await checkout.commit('second', {});
  const { stderr } = await checkout.git('push', 'origin', 'main');
  expect(stderr).toContain('remote: 1 webhook failed: Invalid HTTP Response: 503');
  const [failed] = await waitForDeliveries(hook, 2);
  expect(failed).toMatchObject({ event: 'push', status: 'Invalid HTTP Response: 503', status_code: 503 });

  receiver.answer = () => 202;
  expect((await post(`${hooks}/${hook}/deliveries/${failed?.id}/attempts`)).status).toBe(202);
  const [again] = await waitForDeliveries(hook, 3);
  expect(again).toMatchObject({ guid: failed?.guid, redelivery: true, status: 'OK', status_code: 202 });
  const pushes = await receiver.pushes(2);
  expect(pushes.map(({ guid, payload }) => [guid, payload.after])).toEqual([
    [failed?.guid, sha],
    [failed?.guid, sha],
  ]);
  expect(pushes[1]?.payload).toEqual(pushes[0]?.payload);
  expect(pushes[1]?.signed).toBe(true);

  const shown = (await (await github.api(`${hooks}/${hook}/deliveries/${failed?.id}`)).json()) as object;
  expect(shown).toMatchObject({
    url: receiver.url,
    request: { headers: { 'x-github-event': 'push' }, payload: { after: sha } },
    response: { headers: { 'x-answered-by': 'receiver' }, payload: 'noted' },
  });
});

test('a push does not wait for a slow webhook, and what follows is delivered in order', async () => {
  await stop();
  await start({ reportWaitMs: 100 });
  const hook = await listenToPushes(github, 'you/site', receiver);
  await waitForDeliveries(hook, 1);
  let letGo = (_status: number) => {};
  receiver.answer = () => new Promise((resolve) => (letGo = resolve));
  const second = await checkout.commit('second', {});
  const { stderr } = await checkout.git('push', 'origin', 'main');
  expect(stderr).toContain('remote: 1 webhook still being delivered.');
  const third = await checkout.commit('third', {});
  const pushing = checkout.git('push', 'origin', 'main');
  await vi.waitUntil(async () => (await github.api(`/repos/you/site/commits/${third}`)).status === 200, PATIENCE);
  expect(await receiver.pushes(1)).toHaveLength(1);

  receiver.answer = () => 202;
  letGo(202);
  await pushing;
  const pushes = await receiver.pushes(2);
  expect(pushes.map(({ payload }) => payload.after)).toEqual([second, third]);
});

test('a name under localhost is this machine, and nobody listening there is a failed delivery', async () => {
  const { port } = new URL(receiver.url);
  const url = `http://api.miaobu.localhost:${port}/webhooks/1`;
  const hook = await listenToPushes(github, 'you/site', { url, secret: receiver.secret });
  await waitForDeliveries(hook, 1);
  expect(receiver.received[0]?.headers.host).toBe(`api.miaobu.localhost:${port}`);

  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const free = (closed.address() as AddressInfo).port;
  await new Promise((resolve) => closed.close(resolve));
  const deaf = await listenToPushes(github, 'you/site', { url: `http://127.0.0.1:${free}/`, secret: 's' });
  const [failed] = await waitForDeliveries(deaf, 1);
  expect(failed).toMatchObject({ status: 'failed to connect to host (ECONNREFUSED)', status_code: 0 });
});

test('a second hook of the same configuration is refused as GitHub refuses it, and one with another secret is not', async () => {
  await listenToPushes(github, 'you/site', receiver);
  const config = { url: receiver.url, content_type: 'json', secret: receiver.secret };
  const answer = await post(hooks, { events: ['push'], config });
  expect((await post(hooks, { events: ['push'], config: { ...config, secret: 'another' } })).status).toBe(201);
  expect(answer.status).toBe(422);
  expect(await answer.json()).toMatchObject({
    message: 'Validation Failed',
    errors: [{ resource: 'Hook', message: 'Hook already exists on this repository' }],
    documentation_url: expect.any(String),
  });
  expect((await post(hooks, { config: { url: 'ftp://x' } })).status).toBe(422);
  expect((await github.api(hooks, { token: other.token })).status).toBe(404);
});

test('a hook can be changed, silenced and removed', async () => {
  const hook = await listenToPushes(github, 'you/site', receiver);
  await waitForDeliveries(hook, 1);
  const patch = (body: unknown) => github.api(`${hooks}/${hook}`, { method: 'PATCH', body: JSON.stringify(body) });

  await patch({ active: false });
  await pushSomething('unheard');
  await patch({ active: true, config: { url: receiver.url, content_type: 'json', secret: 'another secret' } });
  const heard = await pushSomething('heard');
  const [push, ...more] = await receiver.pushes(1);
  expect([push?.payload.after, push?.signed, more.length]).toEqual([heard, false, 0]);

  expect((await github.api(`${hooks}/${hook}`, { method: 'DELETE' })).status).toBe(204);
  expect((await github.api(`${hooks}/${hook}`)).status).toBe(404);
  expect(await (await github.api(hooks)).json()).toEqual([]);
});
