import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../testing/test-platform.ts';
import { type FolderUpload, startFolderUpload } from './folder-upload-for-tests.ts';

let folder: FolderUpload;
let said: string[];

beforeEach(() => {
  folder = startFolderUpload();
  said = [];
});
afterEach(() => folder.remove());

const upload = (platform: TestPlatform) => folder.upload(platform, { say: (line) => void said.push(line) });
const over = (code: string) => ({
  status: 409,
  json: { error: { code, message: 'it is over' }, request_id: 'req_test' },
});

test('a folder is published as it is, and log lines are also passed to the caller', async () => {
  folder.write({
    'index.html': 'home',
    'about/index.html': 'about',
    '.npmrc': 'token',
    'node_modules/x/index.js': 'x',
  });
  await using platform = await startTestPlatform({ present: ['home'] });
  expect(await upload(platform)).toBe('uploaded');
  expect(platform.manifest()).toMatchObject({
    spa: false,
    files: [{ path: 'about/index.html' }, { path: 'index.html' }],
  });
  expect(platform.reports).toEqual([expect.objectContaining({ seq: 1, kind: 'uploaded', build_seconds: 0 })]);
  expect(said).toEqual([
    expect.stringMatching(/^Not published: (\.npmrc, node_modules|node_modules, \.npmrc)$/),
    'Uploading 1 of 2 files (1 unchanged)',
    expect.stringMatching(/^Uploaded in /),
  ]);
  expect(platform.log()).toBe(`${said.join('\n')}\n`);
});

test.each([
  [null, { 'index.html': 'app', 'app.js': 'run()' }, true],
  [null, { 'index.html': 'home', '404.html': 'gone' }, false],
  [false, { 'index.html': 'app' }, false],
  [true, { 'index.html': 'home', '404.html': 'gone' }, true],
] as const)('with the setting %s for single-page apps, %j is one: %s', async (spa, files, expected) => {
  folder.write(files);
  await using platform = await startTestPlatform({ settings: { spa } });
  expect(await upload(platform)).toBe('uploaded');
  expect(platform.manifest().spa).toBe(expected);
});

test('an upload that the platform has stopped ends without a word', async () => {
  folder.write({ 'index.html': 'home' });
  await using platform = await startTestPlatform({
    intercept: ({ path: asked }) => (asked.endsWith('/uploads') ? over('attempt_closed') : undefined),
  });
  expect(await upload(platform)).toBe('over');
  expect(platform.reports).toEqual([]);
});

test('an upload that is refused is reported as failed, with the reason', async () => {
  folder.write({ 'index.html': 'home' });
  await using platform = await startTestPlatform({
    intercept: ({ path: asked }) => (asked.startsWith('/store/') ? { status: 400 } : undefined),
  });
  expect(await upload(platform)).toBe('failed');
  expect(platform.reports).toEqual([
    expect.objectContaining({ kind: 'failed', code: 'upload_failed', message: expect.stringContaining('index.html') }),
  ]);
  expect(said.at(-1)).toMatch(/^Error: "index.html" could not be uploaded/);
});
