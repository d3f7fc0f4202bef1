import type { NodeProject } from '../frameworks/framework.ts';

export const ENDINGS = ['js', 'mjs', 'cjs'];
const FILES = ['server', 'app', 'index', 'main', 'src/server', 'src/app', 'src/index', 'src/main', 'bin/www'].flatMap(
  (name) => (name === 'bin/www' ? [name] : ENDINGS.map((ending) => `${name}.${ending}`)),
);

/** The file named by `main`, or one with a well-known name, when no script starts anything. */
export async function entryFile(
  { file, folder }: NodeProject,
  hasLibrary: boolean,
  isBuilt: boolean,
  listens: (name: string) => Promise<boolean>,
): Promise<{ file: string; why: string } | undefined> {
  const main = file.main?.replace(/^\.\//, '');
  if (main !== undefined && /\.[cm]?js$/.test(main)) {
    const isMade = isBuilt && !folder.has(main) && /^(?:dist|build|lib|out|\.output)\//.test(main);
    if ((hasLibrary && (folder.has(main) || isMade)) || (await listens(main))) {
      return { file: main, why: '"main" in package.json names it.' };
    }
  }
  for (const name of FILES.filter((it) => folder.has(it))) {
    if (await listens(name)) return { file: name, why: `${name} answers requests.` };
  }
  const [first] = hasLibrary ? FILES.filter((it) => folder.has(it)) : [];
  return first === undefined ? undefined : { file: first, why: `There is a ${first}.` };
}
