import { isRecord, textIn } from '../../read-json-value.ts';
import { folderBelow, withoutComments } from '../config-text.ts';
import type { ProjectFolder } from '../source-files.ts';

/** A tsconfig.json is JSON with comments and trailing commas. */
function parseTsconfig(text: string | undefined): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(withoutComments(text ?? '').replace(/,(\s*[}\]])/g, '$1'));
    return isRecord(json) ? json : {};
  } catch {
    return {};
  }
}

/** Where the TypeScript compiler puts `source`, if tsconfig.json states it literally. */
export async function compiledFile(folder: ProjectFolder, source: string): Promise<string | undefined> {
  const { compilerOptions, include } = parseTsconfig(await folder.read('tsconfig.json'));
  const { outDir, rootDir } = isRecord(compilerOptions) ? compilerOptions : {};
  const out = folderBelow(textIn(outDir));
  if (out === undefined) return undefined;
  const [top] = source.split('/');
  const onlyTop =
    Array.isArray(include) && include.every((it) => textIn(it)?.replace(/^\.\//, '').split('/')[0] === top);
  const root = rootDir === undefined ? (onlyTop ? top : undefined) : (folderBelow(textIn(rootDir)) ?? '');
  if (root === undefined || (root !== '' && !source.startsWith(`${root}/`))) return undefined;
  const below = root === '' ? source : source.slice(root.length + 1);
  return `${out}/${below.replace(/\.([cm]?)tsx?$/, '.$1js')}`;
}
