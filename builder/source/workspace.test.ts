import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { createWorkspace } from './workspace.ts';

/** 6,000 characters deep: the path to the last folder is too long to use, but each folder can be created from its parent. */
const NEST = `const name = 'd'.repeat(100);
  for (let depth = 0; depth < 60; depth++) { require('node:fs').mkdirSync(name); process.chdir(name); }`;

test('nothing of a build is left, however deeply it has nested its folders', async () => {
  const workspace = await createWorkspace();
  execFileSync(process.execPath, ['-e', NEST], { cwd: workspace.source });
  await workspace.remove();
  expect(existsSync(workspace.folder)).toBe(false);
});

test.runIf(process.getuid?.() === 0)(
  'in no folder above the source can another user put files that tools look for',
  async () => {
    const workspace = await createWorkspace();
    try {
      for (
        let folder = path.dirname(workspace.source);
        folder !== path.dirname(folder);
        folder = path.dirname(folder)
      ) {
        expect([folder, (statSync(folder).mode & 0o022).toString(8), statSync(folder).uid]).toEqual([folder, '0', 0]);
      }
    } finally {
      await workspace.remove();
    }
  },
);
