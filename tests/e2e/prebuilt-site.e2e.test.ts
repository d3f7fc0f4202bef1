import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ApiClient, createClient } from '@miaobu/shared/contracts/client';
import type { Deployment } from '@miaobu/shared/contracts/shown-deployment';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { AttemptOver } from '../../builder/build-failure.ts';
import { createPlatformClient } from '../../builder/protocol/platform-client.ts';
import { eventually } from './eventually.ts';
import { type GitSite, gitSite } from './git-site.ts';
import type { Platform } from './start-platform.ts';
import { startPreparedPlatform } from './start-prepared-platform.ts';
import { visit } from './visit.ts';

// A test waits for several things, and has patience with each.
vi.setConfig({ testTimeout: 400_000, hookTimeout: 400_000 });

const program = path.resolve(import.meta.dirname, '../../scripts/miaobu.ts');
const PUSHED = '<!doctype html><h1>pushed</h1>';

let platform: Platform;
let api: ApiClient;
let site: GitSite;
let url: string;
const dist = mkdtempSync(path.join(tmpdir(), 'miaobu-dist-'));
const params = { project: 'folder' };

beforeAll(async () => {
  platform = await startPreparedPlatform();
  api = createClient({ origin: platform.apiUrl, token: platform.token });
  site = await gitSite(platform.gitUrl, 'dev/folder');
  await site.commit({ 'index.html': PUSHED });
  await site.push();
  const { data } = await api('createProject', { body: { repo: 'dev/folder' } });
  url = data.url;
  await settled(data.deployment.id);
});

afterAll(async () => {
  site?.remove();
  rmSync(dist, { recursive: true, force: true });
  await platform?.stop();
  platform?.clean();
});

function write(files: Readonly<Record<string, string>>) {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(dist, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

/** The command line, as a person runs it in the folder's parent. */
function miaobu(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { NODE_EXTRA_CA_CERTS: _, ...rest } = process.env;
  const env = { ...rest, MIAOBU_HOME: platform.home, XDG_CONFIG_HOME: platform.home, HOME: platform.home };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', program, ...args],
      { env, cwd: path.dirname(dist) },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

const deploy = (...options: string[]) => miaobu('deploy', path.basename(dist), '--project', 'folder', ...options);
const newest = async () => (await api('listDeployments', { params, query: { limit: 1 } })).data[0];
const settled = (id: string): Promise<Deployment> =>
  eventually(async () => {
    const { data } = await api('getDeployment', { params: { ...params, deployment: id } });
    return ['deployed', 'failed', 'cancelled'].includes(data.status) ? data : undefined;
  }, `${id} settles`);

/** What a visitor of the site's address gets, once it is as expected. */
const shows = (content: string) =>
  eventually(
    async () => ((await visit(url)).body === content ? true : undefined),
    `the site shows ${JSON.stringify(content)}`,
  );

const first = {
  'index.html': '<!doctype html><h1>uploaded</h1>',
  'about.html': '<h1>about</h1>',
  'assets/style.css': 'h1 { color: teal }',
  'assets/data.json': '[1, 2, 3]',
};

test('a folder is live, file for file, when the command ends', async () => {
  write({ ...first, '.env': 'SECRET=1' });
  const { code, stdout, stderr } = await deploy('--message', 'from my machine');
  expect([code, stderr], stdout).toEqual([0, '']);
  expect(stdout).toContain('Uploading 4 of 4 files (0 unchanged)');
  expect(stdout).toContain('Not published: .env');
  expect(stdout).toContain(`Live at ${url}`);
  for (const [name, content] of Object.entries(first)) {
    expect([name, (await visit(url + name)).body]).toEqual([name, content]);
  }
  expect((await visit(url)).body).toBe(first['index.html']);
  expect((await visit(`${url}.env`)).status).toBe(404);
  expect(await newest()).toMatchObject({
    status: 'deployed',
    current: true,
    trigger: 'upload',
    branch: null,
    commit_sha: null,
    commit_message: 'from my machine',
    files: 4,
    attempt: 1,
  });
});

test('the same folder again with one file changed uploads that file alone', async () => {
  write({ 'index.html': '<!doctype html><h1>uploaded again</h1>' });
  const { code, stdout } = await deploy();
  expect([code, stdout]).toEqual([0, expect.stringContaining('Uploading 1 of 4 files (3 unchanged)')]);
  await shows('<!doctype html><h1>uploaded again</h1>');
  expect((await visit(`${url}assets/style.css`)).body).toBe(first['assets/style.css']);
});

test('the next push wins, and a rollback leads to the upload again', async () => {
  const upload = await newest();
  const sha = await site.commit({ 'index.html': '<!doctype html><h1>pushed again</h1>' });
  await site.push();
  const pushed = await eventually(async () => {
    const found = await newest();
    return found?.commit_sha === sha ? found : undefined;
  }, 'the push is queued');
  expect(await settled(pushed.id)).toMatchObject({ status: 'deployed', current: true, trigger: 'push' });
  await shows('<!doctype html><h1>pushed again</h1>');

  const { data: shown } = await api('promoteDeployment', {
    params: { ...params, deployment: upload?.id ?? '' },
    body: {},
  });
  expect(shown).toMatchObject({ id: upload?.id, current: true });
  await shows('<!doctype html><h1>uploaded again</h1>');
});

test('a folder that may not be published makes no deployment, and says why', async () => {
  const before = await newest();
  symlinkSync('/etc/passwd', path.join(dist, 'passwd'));
  const refused = await deploy();
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('is a symbolic link out of') });
  rmSync(path.join(dist, 'passwd'));
  expect(await miaobu('deploy', 'no-such-folder', '--project', 'folder')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('it does not exist'),
  });
  expect(await deploy('--branch', 'main')).toMatchObject({ code: 2, stdout: '' });
  expect(await newest()).toEqual(before);
});

test('a folder without index.html is deployed, and the user is told', async () => {
  rmSync(path.join(dist, 'index.html'));
  const { code, stderr } = await deploy('--json');
  expect([code, stderr]).toEqual([0, expect.stringContaining('There is no index.html')]);
  expect((await visit(`${url}about.html`)).body).toBe(first['about.html']);
  expect((await visit(url)).status).toBe(404);
});

test('when an upload is cancelled, nothing more of it is accepted, and what was live stays live', async () => {
  const { data: begun } = await api('createPrebuiltDeployment', { params, body: {} });
  const { callback_url, attempt, ticket } = begun.upload;
  const { id } = begun.deployment;
  const uploader = createPlatformClient({ callback_url, attempt, deployment_id: id });
  const job = await uploader.redeemUpload(ticket, 'a test', {});
  const { token } = await uploader.publication(job.token, {});
  const blobs = [{ sha256: 'a'.repeat(64), bytes: 1 }];
  expect((await uploader.uploads(token, { blobs }, {})).uploads).toHaveLength(1);

  await api('cancelDeployment', { params: { ...params, deployment: id }, body: {} });
  await expect(uploader.uploads(token, { blobs }, {})).rejects.toThrow(AttemptOver);
  await expect(uploader.manifest(token, { sha256: 'a'.repeat(64), bytes: 1 }, {})).rejects.toThrow(AttemptOver);
  expect(await uploader.report(job.token, { seq: 1, kind: 'heartbeat' }, {})).toMatchObject({ stop: true });
  expect(await settled(id)).toMatchObject({ status: 'cancelled', current: false });
  expect((await visit(`${url}about.html`)).body).toBe(first['about.html']);
});
