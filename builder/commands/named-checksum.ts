import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { foldersUpwards } from '@miaobu/shared/kernel/detect/source-files';
import { type DigestName, isDigestName } from './fetch-package.ts';

/** What follows the version in `"packageManager": "pnpm@9.1.0+sha512.0123"`. */
export interface NamedChecksum {
  readonly algorithm: DigestName;
  readonly hex: string;
}

/** The checksum named by the package.json that chose this version, in the project's folder or above it. */
export async function namedChecksum(
  source: string,
  folder: string,
  { command, version }: { command: string; version: string },
): Promise<NamedChecksum | undefined> {
  const root = path.relative(source, folder).split(path.sep).join('/');
  for (const current of foldersUpwards(root)) {
    const text = await readFile(path.join(source, current, 'package.json'), 'utf8').catch(() => '{}');
    const field = fieldOf(text);
    if (!field?.startsWith(`${command}@${version}`)) continue;
    const [, algorithm = '', hex = ''] = /\+(\w+)\.(\w+)$/.exec(field) ?? [];
    return isDigestName(algorithm) ? { algorithm, hex: hex.toLowerCase() } : undefined;
  }
  return undefined;
}

function fieldOf(text: string): string | undefined {
  try {
    const { packageManager } = JSON.parse(text);
    return typeof packageManager === 'string' ? packageManager : undefined;
  } catch {
    return undefined;
  }
}
