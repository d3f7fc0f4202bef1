import type { BuildJob } from '@miaobu/shared/contracts/build-job';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ArchiveEntry, archiveOf } from '../testing/archive-of.ts';
import { type BundledBuilder, bundledBuilder } from '../testing/run-builder.ts';
import { startTestPlatform } from '../testing/test-platform.ts';

let builder: BundledBuilder;
beforeAll(async () => {
  builder = await bundledBuilder();
}, 60_000);
afterAll(() => builder.remove());

interface Attack {
  readonly title: string;
  readonly entries: readonly ArchiveEntry[];
  readonly settings?: Partial<BuildJob['settings']>;
  readonly code: string;
  readonly says: string;
}

const attacks: readonly Attack[] = [
  {
    title: 'a symbolic link to an absolute path',
    entries: [{ path: 'passwords', link: '/etc/passwd' }],
    code: 'source_invalid',
    says: 'is a symbolic link out of the repository, to "/etc/passwd"',
  },
  {
    title: 'a symbolic link that climbs out of the repository',
    entries: [{ path: 'a/b/up', link: '../../../../etc' }],
    code: 'source_invalid',
    says: 'is a symbolic link out of the repository',
  },
  {
    title: 'a symbolic link that climbs out by way of another one',
    entries: [
      { path: 'a/b/root', link: '../..' },
      { path: 'out', link: 'a/b/root/../home' },
    ],
    code: 'source_invalid',
    says: '"out" is a symbolic link that leads out of the repository',
  },
  {
    title: 'a symbolic link that climbs out by way of another one to what does not exist yet',
    entries: [
      { path: 'a/b/root', link: '../..' },
      { path: 'out', link: 'a/b/root/../../not-there' },
    ],
    code: 'source_invalid',
    says: '"out" is a symbolic link that leads out of the repository',
  },
  {
    title: 'a file behind a symbolic link',
    entries: [
      { path: 'folder', link: '.' },
      { path: 'folder/planted.html', content: 'x' },
    ],
    code: 'source_invalid',
    says: 'it cannot be unpacked',
  },
  {
    title: 'a path with ..',
    entries: [{ path: '../../planted', content: 'x' }],
    code: 'source_invalid',
    says: 'has a path with ..',
  },
  {
    title: 'an absolute path',
    entries: [{ path: '/tmp/planted', content: 'x', verbatim: true }],
    code: 'source_invalid',
    says: 'has an absolute path',
  },
  {
    title: 'a hard link',
    entries: [{ path: 'passwords', link: 'acme-site-0123456/index.html', type: 'Link' }],
    code: 'source_invalid',
    says: 'is a Link',
  },
  {
    title: 'a device',
    entries: [{ path: 'null', type: 'CharacterDevice' }],
    code: 'source_invalid',
    says: 'is a CharacterDevice',
  },
  {
    title: 'a root directory with ..',
    entries: [],
    settings: { root_directory: '../..' },
    code: 'root_directory_missing',
    says: 'is outside of the repository',
  },
  {
    title: 'an absolute output directory',
    entries: [],
    settings: { output_directory: '/etc' },
    code: 'output_invalid',
    says: 'is outside of the project',
  },
  {
    title: 'an output directory with ..',
    entries: [{ path: 'web/index.html', content: 'x' }],
    settings: { root_directory: 'web', output_directory: '../../home' },
    code: 'output_invalid',
    says: 'is outside of the project',
  },
  {
    title: 'an output directory that the build made a symbolic link',
    entries: [],
    settings: { build_command: 'ln -s /etc dist', output_directory: 'dist' },
    code: 'output_invalid',
    says: 'is outside of the project',
  },
  {
    title: 'a symbolic link in the output to a file outside of it',
    entries: [{ path: 'private/notes.txt', content: 'x' }],
    settings: { build_command: 'mkdir dist; ln -s ../private/notes.txt dist/notes.txt' },
    code: 'output_invalid',
    says: '"notes.txt" is a symbolic link out of the output directory',
  },
  {
    title: 'a symbolic link in the output to a file that is never published',
    entries: [],
    settings: { build_command: 'mkdir dist; echo A=1 > dist/.env; ln -s .env dist/env.txt' },
    code: 'output_invalid',
    says: '"env.txt" is a symbolic link to a file that is never published',
  },
  {
    title: 'a symbolic link in the output to the folder it is in',
    entries: [],
    settings: { build_command: 'mkdir -p dist/a; ln -s .. dist/a/again' },
    code: 'output_invalid',
    says: '"a/again" is a symbolic link to a folder that contains it',
  },
  {
    title: 'a named pipe in the output',
    entries: [],
    settings: { build_command: 'mkdir dist; mkfifo dist/pipe' },
    code: 'output_invalid',
    says: '"pipe" is neither a file nor a folder',
  },
  {
    title: 'a path with a backslash',
    entries: [],
    settings: { build_command: "mkdir dist; echo x > 'dist/..\\up'" },
    code: 'output_invalid',
    says: 'contains a control character or a backslash',
  },
];

for (const { title, entries, settings, code, says } of attacks) {
  test(`${title} is refused, and nothing is uploaded`, async () => {
    await using platform = await startTestPlatform({
      archive: archiveOf([{ path: 'index.html', content: 'hello' }, ...entries]),
      ...(settings ? { settings } : {}),
    });
    const run = await builder.run(platform.inputs);

    expect(run).toMatchObject({ code: 1, leftovers: [] });
    expect(platform.reports.at(-1)).toMatchObject({ kind: 'failed', code, message: expect.stringContaining(says) });
    expect(platform.objects.size).toBe(0);
  }, 60_000);
}

test('an invalid archive is refused', async () => {
  await using platform = await startTestPlatform({ archive: Buffer.from('<html>not an archive</html>'.repeat(100)) });
  expect((await builder.run(platform.inputs)).code).toBe(1);
  expect(platform.reports.at(-1)).toMatchObject({ code: 'source_invalid' });
});

test.runIf(process.platform === 'linux')('paths that differ in case only are refused', async () => {
  await using platform = await startTestPlatform({
    archive: archiveOf([
      { path: 'About.html', content: 'a' },
      { path: 'about.html', content: 'b' },
    ]),
  });
  expect((await builder.run(platform.inputs)).code).toBe(1);
  expect(platform.reports.at(-1)).toMatchObject({
    code: 'output_invalid',
    message: expect.stringContaining('differ in upper and lower case only'),
  });
});

test('links inside the repository are followed to their content', async () => {
  await using platform = await startTestPlatform({
    archive: archiveOf([
      { path: 'index.html', content: 'hello' },
      { path: 'docs/v2/index.html', content: 'second' },
      { path: 'docs/latest', link: 'v2' },
      { path: 'home.html', link: 'index.html' },
    ]),
  });
  expect((await builder.run(platform.inputs)).code).toBe(0);
  const { files } = platform.manifest();
  const contents = files.map(({ path, sha256 }) => [path, platform.objects.get(sha256)?.toString()]);
  expect(Object.fromEntries(contents)).toEqual({
    'docs/latest/index.html': 'second',
    'docs/v2/index.html': 'second',
    'home.html': 'hello',
    'index.html': 'hello',
  });
});
