import { open } from 'node:fs/promises';
import path from 'node:path';
import { bun, npm, type PackageManager, pnpm, yarnModern } from '@miaobu/shared/kernel/detect/package-managers';
import { foldersUpwards } from '@miaobu/shared/kernel/detect/source-files';

const BEGINNING_BYTES = 1000;

/** The beginning of a project's lockfile, in its folder or above it; both Yarns call theirs the same. */
export async function readLockfile(
  manager: PackageManager,
  source: string,
  folder: string,
): Promise<string | undefined> {
  const names = manager === yarnModern ? ['yarn.lock'] : manager.lockfiles;
  const root = path.relative(source, folder).split(path.sep).join('/');
  for (const current of foldersUpwards(root)) {
    for (const name of names) {
      const file = await open(path.join(source, current, name)).catch(() => undefined);
      if (!file) continue;
      try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(BEGINNING_BYTES), 0, BEGINNING_BYTES, 0);
        return buffer.toString('utf8', 0, bytesRead);
      } finally {
        await file.close();
      }
    }
  }
  return undefined;
}

/**
 * Which version a project gets that does not name one: the one that wrote its lockfile. Another would rewrite it, and
 * with it the versions of what is installed.
 */
export function managerVersion(manager: PackageManager, lockfile: string | undefined): string {
  const beginning = lockfile ?? '';
  if (manager === pnpm) {
    const [, version = ''] = /^lockfileVersion: *['"]?(\d+)/m.exec(beginning) ?? [];
    return ({ '5': '7', '6': '8' } as Readonly<Record<string, string>>)[version] ?? '10';
  }
  if (manager === yarnModern) {
    const [, version = '8'] = /^__metadata:\s+version: *(\d+)/m.exec(beginning) ?? [];
    if (Number(version) <= 5) return '3.1';
    return Number(version) <= 6 ? '3' : '4';
  }
  if (manager === bun) return '1';
  return manager === npm ? '10' : '1';
}
