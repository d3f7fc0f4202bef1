import { cpSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { type ApiClient, createClient } from '@miaobu/shared/contracts/client';
import type { Deployment } from '@miaobu/shared/contracts/shown-deployment';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { eventually } from './eventually.ts';
import { type GitSite, gitSite } from './git-site.ts';
import type { Platform } from './start-platform.ts';
import { startPreparedPlatform } from './start-prepared-platform.ts';
import { visit } from './visit.ts';

// A test waits for several things, and has patience with each.
vi.setConfig({ testTimeout: 400_000, hookTimeout: 400_000 });

let platform: Platform;
let api: ApiClient;
const sites: GitSite[] = [];

beforeAll(async () => {
  platform = await startPreparedPlatform();
  api = createClient({ origin: platform.apiUrl, token: platform.token });
});

afterAll(async () => {
  for (const site of sites) site.remove();
  await platform?.stop();
  platform?.clean();
});

async function newSite(name: string): Promise<GitSite> {
  const site = await gitSite(platform.gitUrl, `dev/${name}`);
  sites.push(site);
  return site;
}

const importSite = async (name: string) => (await api('createProject', { body: { repo: `dev/${name}` } })).data;

/** The newest deployment, once it is of this commit and has settled. */
const settled = (project: string, sha: string): Promise<Deployment> =>
  eventually(async () => {
    const deployment = await newest(project);
    const ended = ['deployed', 'failed', 'cancelled'].includes(deployment?.status ?? '');
    return ended && deployment?.commit_sha === sha ? deployment : undefined;
  }, `the deployment of ${sha} settles`);

const newest = async (project: string) =>
  (await api('listDeployments', { params: { project }, query: { limit: 1 } })).data[0];

async function logOf(project: string, deployment: string): Promise<string> {
  const { data } = await api('readDeploymentLogs', { params: { project, deployment }, query: { limit: 1000 } });
  return data.map(({ text }) => text).join('');
}

/** Removes the last commit with a force push, which deploys the previous one again. */
async function takeBack(site: GitSite, project: string): Promise<void> {
  await site.git('reset', '-q', '--hard', 'HEAD~1');
  await site.push('--force', 'main');
  await settled(project, await site.git('rev-parse', 'HEAD'));
}

describe('a plain site', () => {
  const files = {
    'index.html': '<!doctype html><h1>first</h1>',
    'style.css': 'h1 { color: teal }',
    'about.html': '<h1>about</h1>',
    'data/list.json': '[1, 2, 3]',
    'logo.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
  };
  let site: GitSite;
  let project: Awaited<ReturnType<typeof importSite>>;

  test('is live after a push and an import, file for file', async () => {
    site = await newSite('plain');
    const sha = await site.commit(files);
    await site.push();
    project = await importSite('plain');
    expect(project).toMatchObject({ slug: 'plain', repository: 'dev/plain', branch: 'main' });
    expect(await settled(project.id, sha)).toMatchObject({
      status: 'deployed',
      current: true,
      files: 5,
      trigger: 'import',
    });
    for (const [name, content] of Object.entries(files)) {
      const answer = await visit(project.url + name);
      expect([name, answer.status, answer.body]).toEqual([name, 200, content]);
    }
    expect((await visit(project.url)).body).toBe(files['index.html']);
    expect((await visit(`${project.url}missing`)).status).toBe(404);
  });

  test('shows the new content after another push, and uploads only what changed', async () => {
    const sha = await site.commit({ 'index.html': '<!doctype html><h1>second</h1>' });
    await site.push();
    const deployment = await settled(project.id, sha);
    expect(deployment).toMatchObject({ status: 'deployed', current: true, trigger: 'push' });
    expect((await visit(project.url)).body).toBe('<!doctype html><h1>second</h1>');
    expect((await visit(`${project.url}style.css`)).body).toBe(files['style.css']);
    expect(await logOf(project.id, deployment.id)).toContain('Uploading 1 of 5 files (4 unchanged)');
  });

  test('ends up on the first commit after a force push back to it', async () => {
    const first = await site.git('rev-parse', 'HEAD~1');
    await site.git('reset', '-q', '--hard', first);
    await site.push('--force', 'main');
    await eventually(
      async () => ((await visit(project.url)).body === files['index.html'] ? true : undefined),
      'the first content is back',
    );
  });

  test('is not touched by a tag, another branch or the deletion of one', async () => {
    const before = await newest(project.id);
    await site.git('tag', 'v1');
    await site.push('v1');
    await site.git('branch', 'topic');
    await site.push('topic');
    await site.push(':topic');
    // A push that does deploy comes last: when it is through, the others were.
    const sha = await site.commit({ 'index.html': '<!doctype html><h1>third</h1>' });
    await site.push();
    const deployment = await settled(project.id, sha);
    const { data } = await api('listDeployments', { params: { project: project.id }, query: { limit: 2 } });
    expect(data.map(({ id }) => id)).toEqual([deployment.id, before?.id]);
  });

  test.each([
    [
      'a symbolic link out of its tree',
      'source_invalid',
      (folder: string) => symlinkSync('/etc/passwd', path.join(folder, 'x')),
    ],
    ['no files', 'output_empty', undefined],
  ] as const)('with %s fails with the reason, and the old release stays live', async (_, reason, spoil) => {
    const live = (await visit(project.url)).body;
    if (spoil) spoil(site.folder);
    else await site.git('rm', '-q', '-r', '.');
    const sha = await site.commit({});
    await site.push();
    const failed = await settled(project.id, sha);
    expect(failed).toMatchObject({ status: 'failed', reason, current: false });
    expect(failed.reason_message).toBeTruthy();
    expect((await visit(project.url)).body).toBe(live);
    await takeBack(site, project.id);
  });
});

describe('a site with a build', () => {
  const vite = path.resolve(import.meta.dirname, '../../examples/vite-site');
  let site: GitSite;
  let project: Awaited<ReturnType<typeof importSite>>;

  test('by Vite and npm is installed, built and live', async () => {
    site = await newSite('vite-site');
    cpSync(vite, site.folder, { recursive: true });
    const sha = await site.commit({});
    await site.push();
    project = await importSite('vite-site');
    const deployment = await settled(project.id, sha);
    const log = await logOf(project.id, deployment.id);
    expect(deployment, log).toMatchObject({ status: 'deployed', current: true });
    const { body } = await visit(project.url);
    const [, script] = /src="\/(assets\/[^"]+\.js)"/.exec(body) ?? [];
    expect(script, body).toBeDefined();
    expect(await visit(project.url + script)).toMatchObject({ status: 200 });
    expect(log).toContain('vite build');
  });

  test.each([
    ['build', 'build_failed', { scripts: { build: 'echo about to break; exit 3' } }, /about to break/],
    ['install', 'install_failed', { scripts: { build: 'true', preinstall: 'echo no luck; exit 4' } }, /no luck/],
    ['output folder', 'output_missing', { scripts: { build: 'echo built nothing' } }, /built nothing/],
  ] as const)(
    'whose %s fails or is missing is failed, its log says why, and the old release stays live',
    async (_, reason, manifest, says) => {
      const live = (await visit(project.url)).body;
      const sha = await site.commit({ 'package.json': JSON.stringify(manifest), 'package-lock.json': null });
      await site.push();
      const failed = await settled(project.id, sha);
      expect(failed).toMatchObject({ status: 'failed', reason, current: false });
      expect(await logOf(project.id, failed.id)).toMatch(says);
      expect((await visit(project.url)).body).toBe(live);
      await takeBack(site, project.id);
    },
  );
});

describe('names', () => {
  test.each([
    ['api', /^api-[0-9a-f]{6}$/],
    ['a-very-long-name-that-goes-on-and-on-and-does-not-end', /^[a-z0-9-]{1,40}$/],
    ['___', /^site-[0-9a-f]{8}$/],
  ])('a repository called %s gets a slug that works', async (name, expected) => {
    const site = await newSite(name);
    const sha = await site.commit({ 'index.html': name });
    await site.push();
    const project = await importSite(name);
    expect(project.slug).toMatch(expected);
    await settled(project.id, sha);
    expect((await visit(project.url)).body).toBe(name);
  });

  test('a project called 我的网站 gets a generated slug and is live under it', async () => {
    const site = await newSite('zhongwen');
    const sha = await site.commit({ 'index.html': '你好' });
    await site.push();
    const { data } = await api('createProject', { body: { repo: 'dev/zhongwen', name: '我的网站' } });
    expect(data).toMatchObject({ name: '我的网站', slug: expect.stringMatching(/^site-[0-9a-f]{8}$/) });
    await settled(data.id, sha);
    expect((await visit(data.url)).body).toBe('你好');
  });
});
