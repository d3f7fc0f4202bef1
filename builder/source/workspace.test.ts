import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createWorkspace } from './workspace.ts';

/** 6,000 characters deep: no path to the last folder is short enough to be said, but each can be made from the one before. */
const NEST = `const name = 'd'.repeat(100);
  for (let depth = 0; depth < 60; depth++) { require('node:fs').mkdirSync(name); process.chdir(name); }`;

test('nothing of a build is left, however deep it has nested its folders', async () => {
  const workspace = await createWorkspace();
  execFileSync(process.execPath, ['-e', NEST], { cwd: workspace.source });
  await workspace.remove();
  expect(existsSync(workspace.folder)).toBe(false);
});
