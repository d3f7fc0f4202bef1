import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('a link to the launcher is the command line, in any folder, with the same exit code', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'miaobu-launcher-'));
  try {
    const linked = path.join(folder, 'miaobu');
    symlinkSync(fileURLToPath(new URL('./miaobu-launcher.mjs', import.meta.url)), linked);
    const env = { PATH: process.env.PATH, HOME: folder, MIAOBU_HOME: folder };
    const run = (...args: string[]) => spawnSync(linked, args, { cwd: folder, env, encoding: 'utf8' });
    expect(run('--version')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: '',
    });
    expect(run('frobnicate')).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('frobnicate') });
  } finally {
    await rm(folder, { recursive: true });
  }
});
