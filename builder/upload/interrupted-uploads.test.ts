import { hash } from 'node:crypto';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { archiveOfFiles } from '../testing/archive-of.ts';
import { type BundledBuilder, bundledBuilder } from '../testing/run-builder.ts';
import { type SeenRequest, startTestPlatform } from '../testing/test-platform.ts';
import { type FolderUpload, startFolderUpload } from './folder-upload-for-tests.ts';

const FILES = 60;
const SITE = Object.fromEntries(Array.from({ length: FILES }, (_, n) => [`page-${n}.html`, `<h1>page ${n}</h1>`]));
const digests = Object.values(SITE).map((content) => hash('sha256', content, 'hex'));

const isPut = ({ path }: SeenRequest) => path.startsWith('/store/');
/** Which content a PUT carries. */
const blobIn = ({ path }: SeenRequest) => path.slice('/store/'.length).split('?')[0] ?? '';

let builder: BundledBuilder;
let folder: FolderUpload;
beforeAll(async () => {
  builder = await bundledBuilder();
}, 60_000);
afterAll(() => builder.remove());
beforeEach(() => {
  folder = startFolderUpload();
});
afterEach(() => folder.remove());

test('when a run is killed while it uploads, the next one stores what is missing and nothing twice', async () => {
  let kill = () => {};
  let puts = 0;
  await using first = await startTestPlatform({
    archive: archiveOfFiles(SITE),
    intercept(request) {
      if (isPut(request)) puts += 1;
      if (puts <= 20) return undefined;
      kill();
      return 'hang up';
    },
  });
  const killed = await builder.run(first.inputs, {
    started: (child) => {
      kill = () => void child.kill('SIGKILL');
    },
  });
  expect(killed.code).toBeNull();
  expect(first.objects.size).toBe(20);

  await using second = await startTestPlatform({ archive: archiveOfFiles(SITE), bucket: first.objects });
  expect((await builder.run(second.inputs)).code).toBe(0);
  const { files } = second.manifest();
  expect(files.map(({ sha256 }) => second.objects.has(sha256))).toEqual(Array.from({ length: FILES }, () => true));
  // And the manifest.
  expect(second.stored).toHaveLength(FILES - 20 + 1);
  expect(second.stored.filter((sha256) => first.objects.has(sha256))).toEqual([]);
}, 60_000);

test('a failing storage gets every file again; a single broken upload is repeated alone', async () => {
  folder.write(SITE);
  const broken = digests[3] ?? '';
  const tries = new Map<string, number>();
  await using platform = await startTestPlatform({
    intercept(request) {
      if (!isPut(request)) return undefined;
      const blob = blobIn(request);
      const before = tries.get(blob) ?? 0;
      tries.set(blob, before + 1);
      if (blob === broken) return before < 4 ? 'hang up' : undefined;
      return before < 2 ? { status: before === 0 ? 503 : 500 } : undefined;
    },
  });
  expect(await folder.upload(platform)).toBe('uploaded');
  expect(tries.get(broken)).toBe(5);
  tries.delete(broken);
  expect(new Set(tries.values())).toEqual(new Set([3]));
  expect(platform.stored.toSorted()).toEqual([...digests, platform.stored.at(-1)].toSorted());
}, 60_000);

test('when all links are refused at once, they are renewed in one request', async () => {
  folder.write(SITE);
  let questions = 0;
  let refused = 0;
  await using platform = await startTestPlatform({
    intercept({ path }) {
      if (path.endsWith('/uploads')) questions += 1;
      if (!path.startsWith('/store/') || questions > 1) return undefined;
      refused += 1;
      return { status: 403 };
    },
  });
  expect(await folder.upload(platform)).toBe('uploaded');
  expect(questions).toBe(2);
  // As many as were in flight.
  expect(refused).toBeLessThanOrEqual(16);
  expect(platform.stored).toHaveLength(FILES + 1);
});

test('sixteen files are in flight at a time, however slow the storage is', async () => {
  folder.write(SITE);
  const waiting: (() => void)[] = [];
  let underWay = 0;
  let most = 0;
  let isFull = () => {};
  const full = new Promise<void>((resolve) => {
    isFull = resolve;
  });
  await using platform = await startTestPlatform({
    async intercept(request) {
      if (!isPut(request)) return undefined;
      underWay += 1;
      most = Math.max(most, underWay);
      if (underWay === 16) isFull();
      // None is answered before sixteen have arrived.
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        void full.then(resolve);
      });
      underWay -= 1;
      return undefined;
    },
  });
  expect(await folder.upload(platform)).toBe('uploaded');
  expect(most).toBe(16);
});

test('content that arrives damaged is sent again', async () => {
  folder.write({ 'index.html': 'home' });
  let damaged = 0;
  await using platform = await startTestPlatform({
    intercept(request) {
      if (!isPut(request) || damaged === 2) return undefined;
      damaged += 1;
      return { status: 400, body: Buffer.from('<Error><Code>InvalidDigest</Code></Error>') };
    },
  });
  expect(await folder.upload(platform)).toBe('uploaded');
  expect(platform.stored).toHaveLength(2);
});

test.each([
  ['replaced', (file: string) => writeFileSync(file, 'evil'), 'what arrives is not what was announced'],
  ['removed', (file: string) => rmSync(file), 'it was changed meanwhile'],
  ['shortened', (file: string) => truncateSync(file, 2), 'it was changed meanwhile'],
])('a file that is %s after it was looked at is not stored under its old name', async (_, change, says) => {
  folder.write({ 'index.html': 'good' });
  await using platform = await startTestPlatform({});
  expect(await folder.upload(platform, { beforeUpload: () => change(folder.pathOf('index.html')) })).toBe('failed');
  expect(platform.reports.at(-1)).toMatchObject({ code: 'upload_failed', message: expect.stringContaining(says) });
  expect(platform.stored).toEqual([]);
});

test('when one of 300 pages changes, only the page, its twin and the list of files are uploaded', async () => {
  const page = (n: number, text: string) =>
    `<!doctype html><title>${n}</title>\n${`<p>${text} ${n}</p>\n`.repeat(400)}`;
  const site = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`page-${n}.html`, page(n, 'before')]));
  folder.write(site);
  await using before = await startTestPlatform({});
  expect(await folder.upload(before)).toBe('uploaded');
  expect(before.stored).toHaveLength(2 * 300 + 1);

  folder.write({ 'page-7.html': page(7, 'after') });
  await using after = await startTestPlatform({ present: [...before.objects.values()] });
  expect(await folder.upload(after)).toBe('uploaded');
  const changed = after.manifest().files.find(({ path }) => path === 'page-7.html');
  expect(after.stored.slice(0, -1).toSorted()).toEqual([changed?.sha256, changed?.encodings?.br?.sha256].toSorted());
  expect(after.log()).toContain('Uploading 1 of 300 files (299 unchanged), and 1 compressed copy');
});
