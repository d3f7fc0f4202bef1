import type { PackageFile } from './package-file.ts';
import { foldersUpwards, pathIn, type SourceFiles } from './source-files.ts';

const FILES = ['.nvmrc', '.node-version'];
/** As long as a setting may be. */
const LONGEST = 20;

/** The version of Node.js a project asks for, e.g. `22`, `v20.11.1`, `lts/iron` or `>=18`, and where it does. */
export async function findNodeVersion(
  files: SourceFiles,
  folder: string,
  own: PackageFile | undefined,
): Promise<{ readonly version: string; readonly from: string } | undefined> {
  for (const current of foldersUpwards(folder)) {
    for (const from of FILES.map((name) => pathIn(current, name)).filter((path) => files.has(path))) {
      const version = (await files.readText(from))?.split('\n')[0]?.trim() ?? '';
      if (isVersion(version)) return { version, from };
    }
  }
  const version = own?.node?.trim() ?? '';
  return isVersion(version) ? { version, from: '"engines" in package.json' } : undefined;
}

const isVersion = (text: string) => text !== '' && text.length <= LONGEST;
