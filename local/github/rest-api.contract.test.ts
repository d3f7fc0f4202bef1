import { randomBytes } from 'node:crypto';
import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as tar from 'tar';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Checkout,
  createCheckout,
  other,
  type RunningGithub,
  startGithub,
  you,
} from './start-github-for-tests.ts';

let clock = Date.parse('2026-03-04T05:06:07Z');
let github: RunningGithub;
let checkout: Checkout;
let head: string;

beforeAll(async () => {
  github = await startGithub({ now: () => clock });
  checkout = await createCheckout(github.remote('you/site'));
  await mkdir(path.join(checkout.directory, 'src'));
  await symlink('../package.json', path.join(checkout.directory, 'src/linked.json'));
  await symlink('/etc/passwd', path.join(checkout.directory, 'outside'));
  head = await checkout.commit('first', {
    'package.json': '{"name":"site"}',
    'src/a b.txt': 'spaced',
    'large.bin': randomBytes(1024 * 1024 + 1),
  });
  await checkout.git('push', 'origin', 'main', 'main:refs/heads/feature/x');
});
afterAll(async () => {
  await github.close();
  await checkout.remove();
});

const json = async (path: string, token = you.token) => (await github.api(path, { token })).json() as Promise<unknown>;
const status = async (path: string, token = you.token) => (await github.api(path, { token })).status;

test('no token and a wrong token are 401, what belongs to another is 404, in the shape of GitHub errors', async () => {
  const wrong = await github.api('/user', { token: 'wrong' });
  expect(wrong.status).toBe(401);
  expect(await wrong.json()).toMatchObject({ message: 'Bad credentials', documentation_url: expect.any(String) });
  expect((await fetch(`${github.base}/api/v3/user`)).status).toBe(401);
  expect(await status('/repos/you/site', other.token)).toBe(404);
  expect(await status('/repos/you/site/branches/main', other.token)).toBe(404);
  expect(await status('/repos/you/missing')).toBe(404);
  expect(await json('/nowhere')).toMatchObject({ message: 'Not Found' });
  const old = await github.api('/user', { headers: { authorization: `token ${you.token}` } });
  expect(await old.json()).toMatchObject({ login: 'you', id: you.id, type: 'User' });
});

test('repositories are listed by page, with links to the other pages', async () => {
  const copy = await createCheckout(github.remote('other/one', other.token));
  await copy.commit('first', {});
  for (const name of ['one', 'two', 'three']) {
    await copy.git('push', github.remote(`other/${name}`, other.token), 'main');
  }
  await copy.remove();
  const page = await github.api('/user/repos?per_page=2&page=1', { token: other.token });
  expect(((await page.json()) as { name: string }[]).map(({ name }) => name)).toEqual(['one', 'three']);
  const next = `<${github.base}/api/v3/user/repos?per_page=2&page=2>`;
  expect(page.headers.get('link')).toBe(`${next}; rel="next", ${next}; rel="last"`);
  const last = await github.api('/user/repos?per_page=2&page=2', { token: other.token });
  expect(((await last.json()) as { name: string }[]).map(({ name }) => name)).toEqual(['two']);
  expect(last.headers.get('link')).toContain('rel="prev"');
  expect(last.headers.get('link')).not.toContain('rel="next"');
});

test('a branch and its commit are found, also by a name with a slash, and never by a revision expression', async () => {
  const commit = {
    sha: head,
    commit: { message: 'first', author: { name: 'Ada', email: 'you@example.com' } },
    author: { login: 'you' },
    parents: [],
  };
  expect(await json('/repos/you/site/branches/main')).toMatchObject({ name: 'main', commit });
  expect(await json('/repos/you/site/branches/feature/x')).toMatchObject({ name: 'feature/x', commit });
  expect(await json('/repos/you/site/branches/feature%2Fx')).toMatchObject({ name: 'feature/x', commit });
  expect(await json('/repos/you/site/branches/none')).toMatchObject({ message: 'Branch not found' });
  for (const ref of ['main', 'feature/x', 'heads/main', head, head.slice(0, 7)]) {
    expect(await json(`/repos/you/site/commits/${ref}`)).toMatchObject(commit);
  }
  for (const ref of ['main~0', 'main^{tree}', '--all', ':/first', '0'.repeat(40)]) {
    expect(await status(`/repos/you/site/commits/${encodeURIComponent(ref)}`)).toBe(422);
  }
});

test('an answer that did not change is 304 and costs nothing of the rate limit', async () => {
  const first = await github.api('/repos/you/site/branches/main');
  const etag = first.headers.get('etag') ?? '';
  const again = await github.api('/repos/you/site/branches/main', { headers: { 'if-none-match': etag } });
  expect([again.status, await again.text()]).toEqual([304, '']);
  expect(again.headers.get('x-ratelimit-remaining')).toBe(first.headers.get('x-ratelimit-remaining'));
  const next = await github.api('/repos/you/site/branches/main');
  expect(Number(next.headers.get('x-ratelimit-remaining'))).toBe(
    Number(first.headers.get('x-ratelimit-remaining')) - 1,
  );
});

test('a tree lists every path; contents are files as base64 or raw, folders as lists', async () => {
  const tree = (await json(`/repos/you/site/git/trees/${head}?recursive=1`)) as {
    tree: { path: string; type: string; size?: number }[];
    truncated: boolean;
  };
  expect(tree.truncated).toBe(false);
  expect(tree.tree.map(({ path, type }) => `${type} ${path}`)).toEqual([
    'blob large.bin',
    'blob outside',
    'blob package.json',
    'tree src',
    'blob src/a b.txt',
    'blob src/linked.json',
  ]);
  const flat = (await json('/repos/you/site/git/trees/main')) as typeof tree;
  expect(flat.tree.map(({ path }) => path)).not.toContain('src/a b.txt');

  const file = (await json('/repos/you/site/contents/package.json?ref=main')) as Record<string, string>;
  expect(file).toMatchObject({ type: 'file', encoding: 'base64', path: 'package.json', size: 15 });
  expect(Buffer.from(file.content ?? '', 'base64').toString()).toBe('{"name":"site"}');
  expect(await json('/repos/you/site/contents/large.bin')).toMatchObject({ encoding: 'none', content: '' });
  const folder = (await json('/repos/you/site/contents/src')) as { path: string }[];
  expect(folder.map(({ path }) => path)).toEqual(['src/a b.txt', 'src/linked.json']);

  const raw = (name: string) =>
    github.api(`/repos/you/site/contents/${name}`, { headers: { accept: 'application/vnd.github.raw+json' } });
  expect(await (await raw('src/a%20b.txt')).text()).toBe('spaced');
  expect(await (await raw('src/linked.json')).text()).toBe('{"name":"site"}');
  expect(await (await raw('outside')).text()).toBe('/etc/passwd');
  for (const name of ['missing.txt', '*.json', '..%2F..%2Fetc%2Fpasswd', 'src/..%2fpackage.json']) {
    expect((await raw(name)).status).toBe(404);
  }
});

test('an archive is a redirect to an address that needs no credential, for one commit and five minutes', async () => {
  const answer = await github.api('/repos/you/site/tarball/main');
  expect(answer.status).toBe(302);
  const location = answer.headers.get('location') ?? '';
  expect(location).toContain(`${github.base}/codeload/you/site/legacy.tar.gz/${head}?token=`);

  const archive = await fetch(location);
  expect(archive.headers.get('content-type')).toBe('application/x-gzip');
  const entries: string[] = [];
  await pipeline(
    Readable.from([Buffer.from(await archive.arrayBuffer())]),
    tar.t({ onReadEntry: (entry) => entries.push(entry.path) }),
  );
  const top = `you-site-${head.slice(0, 7)}`;
  expect(entries.toSorted()).toEqual(
    ['', 'large.bin', 'outside', 'package.json', 'src/', 'src/a b.txt', 'src/linked.json'].map((p) => `${top}/${p}`),
  );

  expect((await fetch(location.replace(head, '0'.repeat(40)))).status).toBe(404);
  expect((await fetch(location.replace(/token=\d+/, 'token=9999999999999'))).status).toBe(404);
  clock += 5 * 60_000;
  expect((await fetch(location)).status).toBe(404);
});

test('commit statuses are listed newest first; one for an unknown commit is refused', async () => {
  const set = (sha: string, body: unknown) =>
    github.api(`/repos/you/site/statuses/${sha}`, { method: 'POST', body: JSON.stringify(body) });
  const pending = { state: 'pending', context: 'miaobu', target_url: 'https://example.com', description: 'building' };
  expect((await set(head, pending)).status).toBe(201);
  expect((await set(head, { ...pending, state: 'success' })).status).toBe(201);
  expect(await json('/repos/you/site/commits/main/statuses')).toMatchObject([
    { state: 'success', context: 'miaobu', creator: { login: 'you' } },
    { state: 'pending', target_url: 'https://example.com', description: 'building' },
  ]);
  expect((await set('0'.repeat(40), pending)).status).toBe(422);
  expect((await set(head, { ...pending, state: 'great' })).status).toBe(422);
  expect((await set(head, { ...pending, description: 'x'.repeat(141) })).status).toBe(422);
});
