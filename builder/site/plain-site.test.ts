import { hash } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { archiveOfFiles } from '../testing/archive-of.ts';
import { fileTree } from '../testing/file-tree.ts';
import { type BundledBuilder, bundledBuilder } from '../testing/run-builder.ts';
import { startTestPlatform } from '../testing/test-platform.ts';

const SITE = {
  'index.html': '<h1>hello</h1>',
  'style.css': 'h1 { color: teal }',
  'pictures/dot.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
  '.well-known/security.txt': 'Contact: mailto:security@example.com',
  '.env': 'SECRET=not for visitors',
};
const sha256 = (content: string) => hash('sha256', content, 'hex');

let builder: BundledBuilder;
beforeAll(async () => {
  builder = await bundledBuilder();
}, 60_000);
afterAll(() => builder.remove());

test('a folder of files is published as it is, without environment files', async () => {
  await using platform = await startTestPlatform({ archive: archiveOfFiles(SITE) });
  const run = await builder.run(platform.inputs);

  expect(run).toEqual({ code: 0, stderr: 'miaobu-builder: uploaded\n', leftovers: [] });
  const { spa, files } = platform.manifest();
  expect(spa).toBe(false);
  expect(files.map(({ path, type }) => [path, type])).toEqual([
    ['.well-known/security.txt', 'text/plain; charset=utf-8'],
    ['index.html', 'text/html; charset=utf-8'],
    ['pictures/dot.svg', 'image/svg+xml; charset=utf-8'],
    ['style.css', 'text/css; charset=utf-8'],
  ]);
  for (const file of files) expect(platform.objects.get(file.sha256)?.length).toBe(file.bytes);
  expect(platform.reports.map(({ seq, kind }) => [seq, kind])).toEqual([
    [1, 'building'],
    [2, 'uploaded'],
  ]);
  expect(platform.log()).toContain('Cloning acme/site (branch main, commit 0123456)\nCloned 5 files');
  expect(platform.log()).toContain('Uploading 4 of 4 files (0 unchanged)');
  expect(platform.log()).toContain('Not published: .env');
});

test.each([
  ['the root directory', { root_directory: 'site' }, 'mv site was && ln -s "$OTHER" site'],
  [
    'a folder above it',
    { root_directory: 'apps/site' },
    'mv apps was && mkdir "$TMPDIR/a" && ln -s "$TMPDIR/a" apps && ln -s "$OTHER" apps/site',
  ],
])(
  "a build that puts a link to somebody else's site in the place of %s publishes nothing",
  async (_, settings, swap) => {
    using other = fileTree({ 'index.html': 'of somebody else' });
    chmodSync(other.folder, 0o755);
    const up = settings.root_directory.replace(/[^/]+/g, '..');
    await using platform = await startTestPlatform({
      archive: archiveOfFiles({ [`${settings.root_directory}/index.html`]: 'own' }),
      settings: { ...settings, build_command: `cd ${up} && ${swap}`, output_directory: '.' },
      environment: { OTHER: other.folder },
    });
    expect((await builder.run(platform.inputs)).code).toBe(1);
    expect(platform.reports.at(-1)).toMatchObject({ kind: 'failed', code: 'output_missing' });
    expect(platform.objects.size).toBe(0);
  },
);

test('what the site says about its own addresses is part of the manifest, and is not published itself', async () => {
  await using platform = await startTestPlatform({
    archive: archiveOfFiles({
      'index.html': 'home',
      _redirects: '/old/* /new/:splat\n/au /b 302 Country=au',
      _headers: '/*\n  X-Frame-Options: DENY',
      'netlify.toml': '[[headers]]\nfor = "/a"\nvalues = { X-A = ["b", "c"] }',
      'vercel.json': '{ "cleanUrls": true }',
    }),
  });
  expect((await builder.run(platform.inputs)).code).toBe(0);
  expect(platform.manifest()).toMatchObject({
    files: [{ path: 'index.html' }],
    rules: {
      redirects: [{ from: '/old/*', to: '/new/:splat', status: 301, force: false }],
      headers: [
        { for: '/*', set: [['x-frame-options', 'DENY']], unset: [] },
        { for: '/a', set: [['x-a', 'b, c']], unset: [] },
      ],
      cleanUrls: true,
    },
  });
  expect(platform.log()).toContain(
    'Warning: _redirects:2: conditions (Country) are not supported; the rule is left out\n' +
      '1 redirect, 2 header rules, clean URLs from _redirects, _headers, netlify.toml, vercel.json\n',
  );
});

test('only files that the project does not have yet are uploaded', async () => {
  await using platform = await startTestPlatform({
    archive: archiveOfFiles({ ...SITE, 'copy-of-style.css': SITE['style.css'] }),
    present: [SITE['index.html'], SITE['pictures/dot.svg'], SITE['.well-known/security.txt']],
  });
  expect((await builder.run(platform.inputs)).code).toBe(0);

  const stored = platform.requests.filter((it) => it.path.startsWith('/store/'));
  expect(stored.map((it) => it.path.slice('/store/'.length, '/store/'.length + 64))).toEqual([
    sha256(SITE['style.css']),
    // The manifest comes last.
    hash('sha256', stored.at(-1)?.body ?? '', 'hex'),
  ]);
  expect(platform.manifest().files).toHaveLength(5);
  expect(platform.log()).toContain('Uploading 2 of 5 files (3 unchanged)');
});

test('a platform, code host and storage that fail for a while are retried', async () => {
  const failures = new Map<string, number>();
  await using platform = await startTestPlatform({
    archive: archiveOfFiles({ 'index.html': 'hello' }),
    intercept({ method, path }) {
      const place = `${method} ${path.split('?')[0]}`;
      const failed = failures.get(place) ?? 0;
      failures.set(place, failed + 1);
      return failed < 2 ? { status: 503 } : undefined;
    },
  });
  expect(await builder.run(platform.inputs)).toMatchObject({ code: 0 });
  expect(platform.manifest().files.map((it) => it.path)).toEqual(['index.html']);
  expect(platform.log()).toContain('Uploading 1 of 1 files');
  // Every endpoint it called had failed first.
  expect([...failures.values()].every((count) => count >= 3)).toBe(true);
}, 60_000);

test('a platform under a name in .localhost is found on this machine', async () => {
  await using platform = await startTestPlatform({ archive: archiveOfFiles({ 'index.html': 'hello' }) });
  const { port } = new URL(platform.inputs.callback_url);
  const run = await builder.run({ ...platform.inputs, callback_url: `http://api.miaobu.localhost:${port}` });
  expect(run.code).toBe(0);
  expect(platform.requests[0]?.headers.host).toBe(`api.miaobu.localhost:${port}`);
});

test('an expired upload address is requested again', async () => {
  const refused = new Set<string>();
  await using platform = await startTestPlatform({
    archive: archiveOfFiles({ 'index.html': 'hello' }),
    intercept({ path }) {
      const blob = path.split('?')[0] ?? '';
      if (!path.startsWith('/store/') || refused.has(blob)) return undefined;
      refused.add(blob);
      return { status: 403 };
    },
  });
  expect((await builder.run(platform.inputs)).code).toBe(0);
  expect(refused.size).toBe(2);
  expect(platform.manifest().files).toHaveLength(1);
});

test('a storage that refuses an upload fails the deployment', async () => {
  await using platform = await startTestPlatform({
    archive: archiveOfFiles({ 'index.html': 'hello' }),
    intercept: ({ path }) => (path.startsWith('/store/') ? { status: 400 } : undefined),
  });
  expect((await builder.run(platform.inputs)).code).toBe(1);
  expect(platform.reports.at(-1)).toMatchObject({
    kind: 'failed',
    code: 'upload_failed',
    message: '"index.html" could not be uploaded: the storage answered 400.',
  });
});

test('a run whose ticket another run has redeemed ends without an error and without a report', async () => {
  await using platform = await startTestPlatform({ archive: archiveOfFiles(SITE) });
  expect((await builder.run(platform.inputs)).code).toBe(0);
  const before = platform.requests.length;

  const second = await builder.run(platform.inputs);
  expect(second.code).toBe(0);
  expect(second.stderr).toContain('ticket_already_redeemed');
  expect(platform.requests.slice(before).map((it) => it.path)).toEqual(['/builds/v1/dep_test/attempts/1/redeem']);
});

test('an attempt that the platform has closed is abandoned at once', async () => {
  await using platform = await startTestPlatform({
    archive: archiveOfFiles(SITE),
    intercept: ({ path }) =>
      path.endsWith('/publication')
        ? { status: 409, json: { error: { code: 'attempt_closed', message: 'over' }, request_id: 'r' } }
        : undefined,
  });
  expect(await builder.run(platform.inputs)).toMatchObject({
    code: 0,
    stderr: 'miaobu-builder: over\n',
    leftovers: [],
  });
  expect(platform.reports.map((it) => it.kind)).toEqual(['building']);
  expect(platform.objects.size).toBe(0);
});

test('an unavailable source fails the deployment', async () => {
  await using platform = await startTestPlatform({
    archive: archiveOfFiles(SITE),
    intercept: ({ path }) => (path.startsWith('/download/') ? { status: 404 } : undefined),
  });
  expect((await builder.run(platform.inputs)).code).toBe(1);
  expect(platform.reports.at(-1)).toMatchObject({ kind: 'failed', code: 'source_unavailable' });
});

test('input that does not follow the protocol is refused without quoting it', async () => {
  const run = await builder.run({ ticket: 'a-ticket-that-stays-secret' });
  expect(run.code).toBe(2);
  expect(run.stderr).toContain('stdin must hold one line of JSON');
  expect(run.stderr).not.toContain('a-ticket-that-stays-secret');
});
