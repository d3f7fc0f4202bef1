import type { PackageFile } from './package-file.ts';
import { foldersUpwards, pathIn, type SourceFiles } from './source-files.ts';

/** Files that hold a version in their first line. */
const FILES = ['.nvmrc', '.node-version'];
/** As long as a setting may be. */
const LONGEST = 20;

/** A version that a project asks for, as it does, and where it does. */
export interface AskedVersion {
  readonly version: string;
  readonly from: string;
}

/** The version of Node.js a project asks for, e.g. `22`, `v20.11.1`, `lts/iron` or `>=18`, and where it does. */
export async function findNodeVersion(
  files: SourceFiles,
  folder: string,
  own: PackageFile | undefined,
): Promise<AskedVersion | undefined> {
  for (const current of foldersUpwards(folder)) {
    for (const from of FILES.map((name) => pathIn(current, name)).filter((path) => files.has(path))) {
      const version = firstLineOf(await files.readText(from));
      if (isVersion(version)) return { version, from };
    }
  }
  return own?.nodeHints
    .map(({ version, from }) => ({ version: version.trim(), from }))
    .find(({ version }) => isVersion(version));
}

/** The first line that says something. */
export const firstLineOf = (text: string | undefined) =>
  (text ?? '')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .find((line) => line !== '') ?? '';

const isVersion = (text: string) => text !== '' && text.length <= LONGEST;
