import { open } from 'node:fs/promises';
import path from 'node:path';
import type { AppFiles } from './app-files.ts';
import type { InstalledPackage } from './installed-package.ts';

async function isForNode(file: string): Promise<boolean> {
  if (/\.[cm]?[jt]s$/.test(file)) return true;
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(128), 0, 128, 0);
    return /^#!.*\bnode\b/.test(buffer.toString('latin1', 0, bytesRead).split('\n')[0] ?? '');
  } finally {
    await handle.close();
  }
}

/**
 * Creates the programs of the packages in the package's own node_modules: small scripts where a package manager has links. Those
 * of the app's direct dependencies win, as they do in an installation.
 */
export async function linkPrograms(
  app: AppFiles,
  placed: ReadonlyMap<string, InstalledPackage>,
  direct: ReadonlySet<string>,
): Promise<void> {
  const top = [...placed].filter(([at]) => at.lastIndexOf('node_modules/') === 0);
  const rank = ([at]: readonly [string, InstalledPackage]) => (direct.has(at.slice('node_modules/'.length)) ? 0 : 1);
  top.sort((a, b) => rank(a) - rank(b) || (a[0] < b[0] ? -1 : 1));
  for (const [at, { programs }] of top) {
    for (const [name, target] of programs) {
      const link = `node_modules/.bin/${name}`;
      const file = path.posix.join(at, target);
      const packed = app.files.get(file);
      if (app.files.has(link) || typeof packed?.content !== 'string') continue;
      const program = `"$(dirname "$0")/../${file.slice('node_modules/'.length)}"`;
      const runner = (await isForNode(packed.content)) ? 'node ' : '';
      app.put(link, Buffer.from(`#!/bin/sh\nexec ${runner}${program} "$@"\n`), true);
    }
  }
}
