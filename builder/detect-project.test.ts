import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BuildSettings } from '@miaobu/shared/contracts/build-job';
import { NOTHING_DECIDED } from '@miaobu/shared/kernel/detect/detect-build';
import { LONGEST_TEXT_BYTES } from '@miaobu/shared/kernel/detect/source-files';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { detectProject } from './detect-project.ts';

const DETECT: BuildSettings = { ...NOTHING_DECIDED, root_directory: '', spa: null };

let source: string;
beforeEach(async () => {
  source = await realpath(await mkdtemp(path.join(tmpdir(), 'detect-')));
});
afterEach(() => rm(source, { recursive: true }));

async function write(files: Record<string, unknown>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(source, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  }
}

const detect = (settings: Partial<BuildSettings> = {}) => {
  const merged = { ...DETECT, ...settings };
  return detectProject({ folder: path.join(source, merged.root_directory), source, settings: merged });
};

const vite = { scripts: { build: 'vite build' }, devDependencies: { vite: '^7' } };

test('a project on this disk is detected from its folder and those above it', async () => {
  await write({ 'pnpm-lock.yaml': '', 'package.json': {}, 'apps/web/package.json': vite });
  expect(await detect({ root_directory: 'apps/web' })).toMatchObject({
    kind: 'static',
    manager: { manager: { command: 'pnpm' }, hasLockfile: true },
    build: 'pnpm run build',
    outputs: ['dist'],
  });
});

test('files deep in the project are found: the module of a Django project', async () => {
  await write({
    'requirements.txt': 'django\ngunicorn\n',
    'manage.py': "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.config.settings')",
    'shop/config/wsgi.py': '',
  });
  expect((await detect()).server?.start).toBe('python -m gunicorn --bind 0.0.0.0:$PORT shop.config.wsgi:application');
});

test('settings override anything detected, and an empty command runs nothing', async () => {
  await write({ 'package.json': vite, 'package-lock.json': {} });
  expect(await detect({ install_command: '', build_command: 'make site', output_directory: 'www' })).toMatchObject({
    install: { kind: 'none' },
    build: 'make site',
    outputs: ['www'],
    manager: undefined,
  });
});

test('what is not a file counts as absent: folders and dangling links', async () => {
  await write({ 'index.html': '', 'package.json/readme.txt': '' });
  await symlink('gone', path.join(source, '.nvmrc'));
  expect(await detect()).toMatchObject({ framework: undefined, nodeVersion: undefined, outputs: ['.'] });
});

test('a package.json that is broken, or longer than a megabyte, fails the build with what is wrong', async () => {
  await write({ 'package.json': '{' });
  await expect(detect()).rejects.toMatchObject({
    code: 'source_invalid',
    message: expect.stringContaining('cannot be read'),
  });
  await write({ 'package.json': `{"x":"${'x'.repeat(LONGEST_TEXT_BYTES)}"}` });
  await expect(detect()).rejects.toMatchObject({ message: 'package.json cannot be read: it is too long.' });
});
