import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type Checkout,
  createCheckout,
  listenToPushes,
  other,
  type RunningGithub,
  startGithub,
  startWebhookReceiver,
  type WebhookReceiver,
  you,
} from './start-github-for-tests.ts';

const NOTHING = '0'.repeat(40);
let github: RunningGithub;
let receiver: WebhookReceiver;
let checkout: Checkout;

beforeEach(async () => {
  github = await startGithub();
  receiver = await startWebhookReceiver();
  checkout = await createCheckout(github.remote('you/site'));
});
afterEach(async () => {
  await github.close();
  await receiver.close();
  await checkout.remove();
});

/** `you/site` with one commit on `main`, and a webhook that has not received anything yet. */
async function startSite(): Promise<string> {
  const first = await checkout.commit('first', { 'index.html': 'one', 'old.txt': 'old' });
  await checkout.git('push', 'origin', 'main');
  await listenToPushes(github, 'you/site', receiver);
  return first;
}

test('the first push creates the repository, its branch becomes the default, and a clone gives the files back', async () => {
  await checkout.commit('first', { 'index.html': 'hello' });
  await checkout.git('branch', '--move', 'trunk');
  const { stderr } = await checkout.git('push', 'origin', 'trunk');
  expect(stderr).toContain('remote: trunk: new, ');
  expect(stderr).toContain('remote: No webhook listens to this repository.');
  const repository = (await (await github.api('/repos/you/site')).json()) as object;
  expect(repository).toMatchObject({ full_name: 'you/site', default_branch: 'trunk', private: true });

  await checkout.git('clone', '--quiet', github.remote('you/site'), 'copy');
  expect(await readFile(path.join(checkout.directory, 'copy/index.html'), 'utf8')).toBe('hello');
});

test('a push is reported to the webhook in GitHub format, and the pusher is told so', async () => {
  const first = await startSite();
  const second = await checkout.commit('second\n\nwith a body', { 'index.html': 'two', 'old.txt': undefined });
  const third = await checkout.commit('third', { '中文 "名".txt': 'new' });
  const { stderr } = await checkout.git('push', 'origin', 'main');
  expect(stderr).toContain(`remote: main: ${first.slice(0, 7)} -> ${third.slice(0, 7)}`);
  expect(stderr).toContain('remote: 1 webhook delivered.');

  const [push] = await receiver.pushes(1);
  const repository = (await (await github.api('/repos/you/site')).json()) as { id: number };
  expect(push?.signed).toBe(true);
  expect(push?.headers).toMatchObject({
    'content-type': 'application/json',
    'user-agent': expect.stringMatching(/^GitHub-Hookshot\//),
    'x-github-event': 'push',
    'x-github-delivery': expect.stringMatching(/^[0-9a-f-]{36}$/),
    'x-github-hook-id': expect.stringMatching(/^\d+$/),
  });
  expect(push?.payload).toMatchObject({
    ref: 'refs/heads/main',
    before: first,
    after: third,
    created: false,
    deleted: false,
    forced: false,
    base_ref: null,
    compare: `${github.base}/you/site/compare/${first.slice(0, 12)}...${third.slice(0, 12)}`,
    repository: {
      id: repository.id,
      full_name: 'you/site',
      private: true,
      default_branch: 'main',
      owner: { login: 'you', name: 'you', id: you.id },
      clone_url: `${github.base}/git/you/site.git`,
    },
    pusher: { name: 'you', email: 'you@example.com' },
    sender: { login: 'you', id: you.id, type: 'User' },
    commits: [
      { id: second, message: 'second\n\nwith a body', modified: ['index.html'], removed: ['old.txt'], added: [] },
      { id: third, distinct: true, added: ['中文 "名".txt'], removed: [], modified: [] },
    ],
    head_commit: { id: third, message: 'third', author: { name: 'Ada', email: 'you@example.com', username: 'you' } },
  });
  const { pushed_at: pushedAt = 0 } = push?.payload.repository ?? {};
  expect(Math.abs(Date.now() / 1000 - pushedAt)).toBeLessThan(3600);
  expect(push?.payload).not.toHaveProperty('installation');
});

test('a forced push back to an older commit is forced, has no commits of its own, and names the head', async () => {
  const first = await startSite();
  const second = await checkout.commit('second', { 'index.html': 'two' });
  await checkout.git('push', 'origin', 'main');
  await checkout.git('reset', '--quiet', '--hard', first);
  await checkout.git('push', '--force', 'origin', 'main');
  const [, forced] = await receiver.pushes(2);
  expect(forced?.payload).toMatchObject({
    before: second,
    after: first,
    forced: true,
    created: false,
    commits: [],
    head_commit: { id: first },
  });
});

test('deleting a branch says so and has no head commit; the default branch cannot be deleted', async () => {
  const first = await startSite();
  await checkout.git('push', 'origin', 'main:feature/x');
  await checkout.git('push', 'origin', '--delete', 'feature/x');
  await expect(checkout.git('push', 'origin', '--delete', 'main')).rejects.toThrow('deletion of the current branch');
  const [created, deleted, ...more] = await receiver.pushes(2);
  expect(created?.payload).toMatchObject({
    ref: 'refs/heads/feature/x',
    before: NOTHING,
    created: true,
    base_ref: 'refs/heads/main',
    commits: [],
    head_commit: { id: first },
  });
  expect(deleted?.payload).toMatchObject({
    ref: 'refs/heads/feature/x',
    before: first,
    after: NOTHING,
    deleted: true,
    forced: false,
    commits: [],
    head_commit: null,
  });
  expect(more).toEqual([]);
});

test('a new branch lists the last twenty commits that no other branch has', async () => {
  await startSite();
  await checkout.git('checkout', '--quiet', '-b', 'long');
  const commits: string[] = [];
  for (let n = 1; n <= 22; n++) commits.push(await checkout.commit(`step ${n}`, { 'step.txt': String(n) }));
  await checkout.git('push', 'origin', 'long');
  const [push] = await receiver.pushes(1);
  expect(push?.payload.commits.map(({ id }) => id)).toEqual(commits.slice(-20));
});

test('a tag is reported with its commit, an annotated one with the id of the tag; four at once are not reported', async () => {
  const first = await startSite();
  await checkout.git('tag', '--annotate', '--message', 'release', 'v1');
  const tag = (await checkout.git('rev-parse', 'v1')).stdout.trim();
  await checkout.git('push', 'origin', 'v1');
  for (const name of ['a', 'b', 'c', 'd']) await checkout.git('tag', name);
  await checkout.git('push', 'origin', 'a', 'b', 'c', 'd');
  await checkout.git('push', 'origin', 'main:refs/heads/after');
  const pushes = await receiver.pushes(2);
  expect(pushes.map(({ payload }) => payload.ref)).toEqual(['refs/tags/v1', 'refs/heads/after']);
  expect(pushes[0]?.payload).toMatchObject({ after: tag, created: true, head_commit: { id: first } });
});

test('a push larger than http.postBuffer arrives chunked and whole', async () => {
  await startSite();
  const blob = randomBytes(3 * 1024 * 1024);
  await checkout.commit('large', { 'large.bin': blob });
  await checkout.git('-c', 'http.postBuffer=65536', 'push', 'origin', 'main');
  await checkout.git('clone', '--quiet', github.remote('you/site'), 'copy');
  expect(blob.equals(await readFile(path.join(checkout.directory, 'copy/large.bin')))).toBe(true);
  expect(await receiver.pushes(1)).toHaveLength(1);
});

test('concurrent pushes to several branches of one repository are reported once each, each with its own change', async () => {
  await startSite();
  const branches = ['red', 'green', 'blue'];
  const copies = await Promise.all(branches.map(() => createCheckout(github.remote('you/site'))));
  const heads = await Promise.all(
    copies.map(async (copy, index) => {
      await copy.git('pull', '--quiet', 'origin', 'main');
      return copy.commit(`on ${branches[index]}`, { [`${branches[index]}.txt`]: 'x' });
    }),
  );
  await Promise.all(copies.map((copy, index) => copy.git('push', 'origin', `main:${branches[index]}`)));
  const pushes = await receiver.pushes(branches.length);
  const told = pushes.map(({ payload }) => [payload.ref, payload.after, payload.commits.length]);
  expect(told.sort()).toEqual(branches.map((branch, index) => [`refs/heads/${branch}`, heads[index], 1]).sort());
  expect(new Set(pushes.map(({ guid }) => guid)).size).toBe(branches.length);
  await Promise.all(copies.map((copy) => copy.remove()));
});

test('of two concurrent pushes to one branch, one wins and only that one is reported', async () => {
  await startSite();
  const copies = await Promise.all([1, 2].map(() => createCheckout(github.remote('you/site'))));
  for (const [index, copy] of copies.entries()) {
    await copy.git('pull', '--quiet', 'origin', 'main');
    await copy.commit(`rival ${index}`, { 'index.html': String(index) });
  }
  const results = await Promise.allSettled(copies.map((copy) => copy.git('push', 'origin', 'main')));
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  await checkout.git('push', 'origin', 'HEAD:refs/heads/afterwards');
  const pushes = await receiver.pushes(2);
  expect(pushes.map(({ payload }) => payload.ref)).toEqual(['refs/heads/main', 'refs/heads/afterwards']);
  await Promise.all(copies.map((copy) => copy.remove()));
});

test('a wrong token is refused with 401, another user and a bad name with 404', async () => {
  await startSite();
  const status = async (fullName: string, token: string | undefined, service = 'git-upload-pack') => {
    const headers = token ? { authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}` } : {};
    return fetch(`${github.base}/git/${fullName}.git/info/refs?service=${service}`, { headers: { ...headers } });
  };
  const anonymous = await status('you/site', undefined);
  expect([anonymous.status, anonymous.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="GitHub"']);
  expect((await status('you/site', 'wrong')).status).toBe(401);
  expect((await status('you/site', other.token)).status).toBe(404);
  expect((await status('you/missing', you.token)).status).toBe(404);
  expect((await status('you/new', other.token, 'git-receive-pack')).status).toBe(404);
  expect((await status('you/..', you.token, 'git-receive-pack')).status).toBe(404);
  expect((await status('you/site', you.token)).status).toBe(200);
});

test('asking about a repository that does not exist creates nothing', async () => {
  await checkout.commit('first', { 'index.html': 'hello' });
  await checkout.git('push', '--dry-run', 'origin', 'main');
  expect((await github.api('/repos/you/site')).status).toBe(404);
});

test('protocol version 2 and gzipped bodies are understood', async () => {
  const first = await startSite();
  const answer = await fetch(`${github.base}/git/you/site.git/git-upload-pack`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`x:${you.token}`).toString('base64')}`,
      'content-type': 'application/x-git-upload-pack-request',
      'content-encoding': 'gzip',
      'git-protocol': 'version=2',
    },
    body: gzipSync('0014command=ls-refs\n00010000'),
  });
  expect(await answer.text()).toContain(`${first} refs/heads/main\n`);
});
