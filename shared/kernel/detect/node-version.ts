import type { PackageFile } from './package-file.ts';
import { foldersUpwards, pathIn, type SourceFiles } from './source-files.ts';

/** Files that hold a version in their first line. */
const FILES = ['.nvmrc', '.node-version'];
/** The maximum length of a setting. */
const LONGEST = 20;

/** A version that a project requests, as written, and where. */
export interface AskedVersion {
  readonly version: string;
  readonly from: string;
}

/** The Node.js version that a project requests, e.g. `22`, `v20.11.1`, `lts/iron` or `>=18`, and where. */
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

/** The first line that is not empty or a comment. */
export const firstLineOf = (text: string | undefined) =>
  (text ?? '')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .find((line) => line !== '') ?? '';

const isVersion = (text: string) => text !== '' && text.length <= LONGEST;
