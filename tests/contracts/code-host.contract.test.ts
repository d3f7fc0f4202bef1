import { once } from 'node:events';
import { createServer, request as forward } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import {
  type Checkout,
  createCheckout,
  other,
  type RunningGithub,
  startGithub,
  startWebhookReceiver,
  you,
} from '../../local/github/start-github-for-tests.ts';
import { createFaults } from '../../local/wire/faults.ts';
import { githubCodeHost } from '../../shared/adapters/github/github-code-host.ts';
import type { GithubRequestConfig } from '../../shared/adapters/github/github-request.ts';
import { PATIENCE } from '../patience.ts';

const faults = createFaults();
let github: RunningGithub;
let checkout: Checkout;
let head: string;

beforeAll(async () => {
  github = await startGithub({ through: (emulator) => faults.wrap('github', emulator) });
  checkout = await createCheckout(github.remote('you/site'));
  head = await checkout.commit('first\n\nbody', { 'package.json': '{"name":"站点"}', 'a b.txt': 'spaced' });
  await checkout.git('push', 'origin', 'main', 'main:feature/x');
});
afterEach(() => faults.clear());
afterAll(async () => {
  await github.close();
  await checkout.remove();
});

const codeHost = (config: Partial<GithubRequestConfig> = {}) =>
  githubCodeHost({ apiUrl: `${github.base}/api/v3`, ...config });

test('a repository is described, and one that the token may not see does not exist', async () => {
  const repository = await codeHost().getRepository(you.token, 'YOU/Site');
  expect(repository).toEqual({
    id: expect.any(Number),
    fullName: 'you/site',
    defaultBranch: 'main',
    private: true,
    cloneUrl: `${github.base}/git/you/site.git`,
    pushedAt: expect.any(Date),
  });
  expect(await codeHost().getRepository(other.token, 'you/site')).toBeUndefined();
  expect(await codeHost().getRepository(you.token, 'you/missing')).toBeUndefined();
});

test('a branch and a ref give their commit, or undefined', async () => {
  const commit = {
    sha: head,
    message: 'first\n\nbody',
    authorName: 'Ada',
    authorLogin: 'you',
    committedAt: expect.any(Date),
    parents: [],
  };
  expect(await codeHost().getBranchHead(you.token, 'you/site', 'feature/x')).toEqual(commit);
  expect(await codeHost().getBranchHead(you.token, 'you/site', 'none')).toBeUndefined();
  expect(await codeHost().getBranchHead(other.token, 'you/site', 'main')).toBeUndefined();
  expect(await codeHost().getCommit(you.token, 'you/site', head)).toEqual(commit);
  expect(await codeHost().getCommit(you.token, 'you/site', '0'.repeat(40))).toBeUndefined();
});

test('repositories are listed page by page, last pushed to first, and only what the token may see', async () => {
  const list = async (token: string, number: number, size: number) => {
    const { repositories, hasMore } = await codeHost().listRepositories(token, { number, size });
    return { names: repositories.map(({ fullName }) => fullName), hasMore };
  };
  for (const name of ['first', 'second']) {
    const pushed = await createCheckout(github.remote(`other/${name}`, other.token));
    await pushed.commit('a commit', { 'index.html': name });
    await pushed.git('push', 'origin', 'main');
    await pushed.remove();
  }
  expect((await list(you.token, 1, 100)).names).toEqual(['you/site']);
  const [one, two, none] = [
    await list(other.token, 1, 1),
    await list(other.token, 2, 1),
    await list(other.token, 3, 1),
  ];
  expect([...one.names, ...two.names]).toEqual(['other/second', 'other/first']);
  expect([one.hasMore, two.hasMore, none]).toEqual([true, false, { names: [], hasMore: false }]);
});

test('branches are listed page by page, by name', async () => {
  const list = (token: string, number: number, size: number) =>
    codeHost().listBranches(token, 'you/site', { number, size });
  expect(await list(you.token, 1, 1)).toEqual({ branches: [{ name: 'feature/x', sha: head }], hasMore: true });
  expect(await list(you.token, 2, 1)).toEqual({ branches: [{ name: 'main', sha: head }], hasMore: false });
  expect(await list(other.token, 1, 1)).toBeUndefined();
});

test('files are listed and read, up to the limit', async () => {
  expect(await codeHost().listTree(you.token, 'you/site', head)).toEqual({
    paths: ['a b.txt', 'package.json'],
    truncated: false,
  });
  expect(await codeHost().listTree(you.token, 'you/site', '0'.repeat(40))).toBeUndefined();
  const read = (path: string, limit = 1000) => codeHost().readFile(you.token, 'you/site', path, head, limit);
  expect(await read('package.json')).toBe('{"name":"站点"}');
  expect(await read('a b.txt', 6)).toBe('spaced');
  expect(await read('a b.txt', 5)).toBeUndefined();
  expect(await read('missing.txt')).toBeUndefined();
  expect(await read('')).toBeUndefined();
});

test('nothing in a name reaches another part of the API', async () => {
  await expect(codeHost().getRepository(you.token, 'you/site/hooks')).rejects.toMatchObject({
    code: 'repository_not_found',
  });
  await expect(codeHost().getRepository(you.token, 'you/..')).rejects.toMatchObject({ code: 'invalid_request' });
  await expect(codeHost().readFile(you.token, 'you/site', '../hooks', head, 1000)).rejects.toMatchObject({
    code: 'invalid_request',
  });
  expect(await codeHost().getBranchHead(you.token, 'you/site', 'main?x=1/hooks#')).toBeUndefined();
});

test('the address of an archive needs no token', async () => {
  const url = await codeHost().archiveUrl(you.token, 'you/site', head);
  const archive = await fetch(url);
  expect([archive.status, archive.headers.get('content-type')]).toEqual([200, 'application/x-gzip']);
  await archive.arrayBuffer();
  await expect(codeHost().archiveUrl(you.token, 'you/missing', head)).rejects.toMatchObject({
    code: 'repository_not_found',
  });
});

test('creating a push hook twice gives the same hook with the newer secret; deleting it twice is not an error', async () => {
  const receiver = await startWebhookReceiver('the second secret');
  const first = await codeHost().createPushHook(you.token, 'you/site', { url: receiver.url, secret: 'the first' });
  const second = await codeHost().createPushHook(you.token, 'you/site', receiver);
  expect(second).toEqual(first);
  expect(await codeHost().findPushHook(you.token, 'you/site', receiver.url)).toEqual(first);
  expect(await codeHost().findPushHook(you.token, 'you/site', `${receiver.url}/other`)).toBeUndefined();
  await checkout.git('push', 'origin', 'main:refs/heads/hooked');
  const [push] = await receiver.pushes(1);
  expect([push?.signed, push?.payload.after]).toEqual([true, head]);

  await codeHost().deleteHook(you.token, 'you/site', first.id);
  await codeHost().deleteHook(you.token, 'you/site', first.id);
  expect(await (await github.api('/repos/you/site/hooks')).json()).toEqual([]);
  await receiver.close();
});

test('a branch that has not moved costs none of the rate limit, and one that has moved is seen at once', async () => {
  const one = codeHost();
  const used = async () => Number((await github.api('/user')).headers.get('x-ratelimit-used'));
  const ask = async () => (await one.getBranchHead(you.token, 'you/site', 'main'))?.sha;
  expect(await ask()).toBe(head);
  const before = await used();
  expect([await ask(), await ask(), await ask()]).toEqual([head, head, head]);
  expect(await used()).toBe(before + 1);
  const moved = await checkout.commit('moved', { 'package.json': '{}' });
  await checkout.git('push', '--quiet', 'origin', 'main');
  expect([await ask(), await ask()]).toEqual([moved, moved]);
  await expect(one.getBranchHead('revoked', 'you/site', 'main')).rejects.toMatchObject({
    code: 'code_host_unauthorized',
  });
});

test('pushes that were never delivered are listed, the one tried longest ago first, until a delivery succeeds', async () => {
  const receiver = await startWebhookReceiver();
  const { id: hook } = await codeHost().createPushHook(you.token, 'you/site', receiver);
  const list = (since: Date) => codeHost().listFailedDeliveries(you.token, 'you/site', hook, since);
  const failed = async (since = new Date(0)) => (await list(since)) ?? [];
  await checkout.git('push', '--quiet', 'origin', 'main:refs/heads/taken');
  receiver.answer = () => 503;
  for (const branch of ['first', 'second'])
    await checkout.git('push', '--quiet', 'origin', `main:refs/heads/${branch}`);
  const [, first, second] = await receiver.pushes(3);
  const [older, newer, ...others] = await failed();
  expect([older, newer, others]).toEqual([
    { id: expect.any(Number), guid: first?.guid, attempts: 1, firstAt: expect.any(Date) },
    { id: expect.any(Number), guid: second?.guid, attempts: 1, firstAt: expect.any(Date) },
    [],
  ]);
  expect(await failed(new Date(Date.now() + 60_000))).toEqual([]);

  const again = (delivery: number | undefined) => codeHost().redeliver(you.token, 'you/site', hook, delivery ?? 0);
  expect(await again(older?.id)).toBe(true);
  await vi.waitUntil(async () => (await failed())[1]?.attempts === 2, PATIENCE);
  const [, refusedTwice] = await failed();
  expect([refusedTwice?.guid, refusedTwice?.firstAt]).toEqual([first?.guid, older?.firstAt]);
  receiver.answer = () => 202;
  // Any attempt can be sent again; it is the same delivery.
  expect(await again(refusedTwice?.id)).toBe(true);
  await vi.waitUntil(async () => (await failed()).length === 1, PATIENCE);
  expect(await failed()).toEqual([newer]);

  expect(await again(4_000_000)).toBe(false);
  await codeHost().deleteHook(you.token, 'you/site', hook);
  expect([await list(new Date(0)), await again(newer?.id)]).toEqual([undefined, false]);
  await receiver.close();
});

test('a failed delivery says when its signature was refused, as long as nothing else happened to it since', async () => {
  const receiver = await startWebhookReceiver();
  const { id: hook } = await codeHost().createPushHook(you.token, 'you/site', receiver);
  const failed = async () => (await codeHost().listFailedDeliveries(you.token, 'you/site', hook, new Date(0))) ?? [];
  receiver.answer = () => 401;
  await checkout.git('push', '--quiet', 'origin', 'main:refs/heads/refused');
  await vi.waitUntil(async () => (await failed()).length === 1, PATIENCE);
  const [refused] = await failed();
  expect(refused?.unauthorizedAt).toEqual(refused?.firstAt);
  receiver.answer = () => 503;
  await codeHost().redeliver(you.token, 'you/site', hook, refused?.id ?? 0);
  await vi.waitUntil(async () => (await failed())[0]?.attempts === 2, PATIENCE);
  expect((await failed())[0]).not.toHaveProperty('unauthorizedAt');
  await codeHost().deleteHook(you.token, 'you/site', hook);
  await receiver.close();
});

test('failed deliveries are found on every page of a long list', async () => {
  const receiver = await startWebhookReceiver();
  const { id: hook } = await codeHost().createPushHook(you.token, 'you/site', receiver);
  const failed = async () => (await codeHost().listFailedDeliveries(you.token, 'you/site', hook, new Date(0))) ?? [];
  receiver.answer = () => 503;
  await checkout.git('push', '--quiet', 'origin', 'main:refs/heads/buried');
  const [buried] = await failed();
  // Its own refusals push the first attempt onto the second page.
  for (let attempts = 1; attempts < 102; attempts++) {
    await codeHost().redeliver(you.token, 'you/site', hook, buried?.id ?? 0);
  }
  await vi.waitUntil(async () => (await failed())[0]?.attempts === 102, PATIENCE);
  expect(await failed()).toMatchObject([{ guid: buried?.guid, attempts: 102 }]);
  await codeHost().deleteHook(you.token, 'you/site', hook);
  await receiver.close();
});

test('a commit shows its status, with a long description truncated', async () => {
  await codeHost().setCommitStatus(you.token, 'you/site', head, {
    state: 'success',
    context: 'miaobu',
    description: 'x'.repeat(200),
    targetUrl: 'https://example.com/dep_1',
  });
  expect(await (await github.api(`/repos/you/site/commits/${head}/statuses`)).json()).toMatchObject([
    { state: 'success', context: 'miaobu', description: 'x'.repeat(140), target_url: 'https://example.com/dep_1' },
  ]);
});

const ask = (config: Partial<GithubRequestConfig> = {}) => codeHost(config).getRepository(you.token, 'you/site');

test('a token that is no longer valid is an authorization error', async () => {
  await expect(codeHost().getRepository('revoked', 'you/site')).rejects.toMatchObject({
    code: 'code_host_unauthorized',
  });
  faults.inject({ service: 'github', times: 1, fault: { kind: 'error', status: 403 } });
  await expect(ask()).rejects.toMatchObject({ code: 'code_host_unauthorized' });
});

test('no answer, a cut answer, a late answer and 5xx mean that GitHub is unavailable', async () => {
  const unavailable = { code: 'code_host_unavailable' };
  faults.inject({ service: 'github', times: 1, fault: { kind: 'error', status: 502 } });
  await expect(ask()).rejects.toMatchObject(unavailable);
  faults.inject({ service: 'github', times: 1, fault: { kind: 'lost-response' } });
  await expect(ask()).rejects.toMatchObject(unavailable);
  faults.inject({ service: 'github', times: 1, fault: { kind: 'hang' } });
  await expect(ask({ timeoutMs: 100 })).rejects.toMatchObject(unavailable);
  await expect(ask({ apiUrl: 'http://127.0.0.1:1/api/v3' })).rejects.toMatchObject(unavailable);
});

test('a limit says how long to wait: at least a minute, longer when GitHub says so', async () => {
  faults.inject({ service: 'github', times: 1, fault: { kind: 'error', status: 429, retryAfter: 5 } });
  await expect(ask()).rejects.toMatchObject({ code: 'code_host_throttled', details: { retryAfterSeconds: 60 } });
  faults.inject({ service: 'github', times: 1, fault: { kind: 'error', status: 403, retryAfter: 90 } });
  await expect(ask()).rejects.toMatchObject({ code: 'code_host_throttled', details: { retryAfterSeconds: 90 } });
});

test.each([
  ['cut off', '{"id":1,"full_na'],
  ['a page of a proxy', '<html>Be right back</html>'],
  ['empty', ''],
])('a success whose content is %s is an outage, not a refusal', async (_, content) => {
  const server = createServer((_request, response) => response.end(content)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await expect(ask({ apiUrl })).rejects.toMatchObject({ code: 'code_host_unavailable' });
  server.close().closeAllConnections();
});

test('what GitHub refuses permanently is reported with its status', async () => {
  await expect(
    codeHost().setCommitStatus(you.token, 'you/site', '0'.repeat(40), {
      state: 'success',
      context: 'miaobu',
      description: '',
    }),
  ).rejects.toMatchObject({ code: 'vendor_rejected', details: { status: 422 } });
});

test('with a proxy every call goes through it', async () => {
  const asked: string[] = [];
  const proxy = createServer((incoming, response) => {
    asked.push(new URL(incoming.url ?? '').host);
    const { method, headers } = incoming;
    const outgoing = forward(incoming.url ?? '', { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(outgoing);
  });
  const connections = new Set<Socket>();
  proxy.on('connection', (socket) => connections.add(socket));
  proxy.on('connect', (incoming, client) => {
    asked.push(incoming.url ?? '');
    const { hostname, port } = new URL(`http://${incoming.url}`);
    const target = connect(Number(port), hostname, () => client.write('HTTP/1.1 200 Connection Established\r\n\r\n'));
    target.on('error', () => client.destroy());
    client.on('error', () => target.destroy());
    target.pipe(client).pipe(target);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  expect(await ask({ proxyUrl })).toMatchObject({ fullName: 'you/site' });
  expect(asked).toEqual([new URL(github.base).host]);
  for (const socket of connections) socket.destroy();
  await new Promise((resolve) => proxy.close(resolve));
  await expect(ask({ proxyUrl })).rejects.toMatchObject({ code: 'code_host_unavailable' });
});
