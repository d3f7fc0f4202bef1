import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { findImports, resolveImport } from './find-imports.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** Every file that is or could be committed, as paths from the root. */
export const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
})
  .split('\0')
  // A file deleted but not yet committed is still in git's list.
  .filter((file, index, all) => file !== '' && all.indexOf(file) === index && existsSync(path.join(root, file)));

/** Sites that are built and pushed: they are test data, and exempt from our rules. */
export const isCargo = (file: string) => /(^|\/)fixtures\//.test(file) || file.startsWith('examples/');
/** Tests and what only they use. */
export const isTest = (file: string) => /^tests\/|\.test\.ts$|\/testing\/|-(for-tests|under-test)\.ts$/.test(file);

export const sources = files.filter((file) => /\.[mc]?[jt]s$/.test(file) && !isCargo(file));
/** TypeScript that is part of something that runs. */
export const production = sources.filter((file) => file.endsWith('.ts') && !isTest(file));

const texts = new Map<string, string>();
export function read(file: string): string {
  const text = texts.get(file) ?? readFileSync(path.join(root, file), 'utf8');
  texts.set(file, text);
  return text;
}

/** Code without comments. */
export const codeOf = (file: string) => read(file).replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$|\s\/\/ .*$/gm, '');

/** Imports of a file within the tree and, apart, of packages (with Node's own modules as `node:…`). */
export function importsOf(file: string) {
  const found = findImports(read(file)).map((it) => ({ ...it, target: resolveImport(file, it.specifier) }));
  return {
    inside: found.flatMap(({ target, ...it }) => (target === undefined ? [] : [{ ...it, target }])),
    packages: found.flatMap(({ target, ...it }) => (target === undefined ? [it] : [])),
  };
}

/** A file and everything it imports at run time. */
export function reachableFrom(entry: string): ReadonlySet<string> {
  const reached = new Set([entry]);
  for (const file of reached) {
    if (!file.endsWith('.ts')) continue;
    for (const { target, typeOnly } of importsOf(file).inside) if (!typeOnly) reached.add(target);
  }
  return reached;
}
