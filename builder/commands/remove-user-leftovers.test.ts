import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { fileTree } from '../testing/file-tree.ts';
import { removeUserLeftovers } from './remove-user-leftovers.ts';

/** No build has this number, and no account. */
const USER = 60_999;

const NEST = `const name = 'd'.repeat(100);
  for (let depth = 0; depth < 60; depth++) { require('node:fs').mkdirSync(name); process.chdir(name); }`;

test.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'everything a user left in world-writable folders is removed, even behind folders nested too deep for a path',
  async () => {
    using open = fileTree({ 'z-of-others': 'x', 'y-of-the-user': 'x' });
    chmodSync(open.folder, 0o777);
    const deep = path.join(open.folder, 'a-deep');
    mkdirSync(deep);
    execFileSync(process.execPath, ['-e', NEST], { cwd: deep });
    for (const name of ['a-deep', 'y-of-the-user']) chownSync(path.join(open.folder, name), USER, USER);
    try {
      await removeUserLeftovers({ uid: USER, gid: USER });
      expect(existsSync(deep)).toBe(false);
      expect(existsSync(path.join(open.folder, 'y-of-the-user'))).toBe(false);
      expect(existsSync(path.join(open.folder, 'z-of-others'))).toBe(true);
    } finally {
      execFileSync('rm', ['-rf', deep]);
    }
  },
);
