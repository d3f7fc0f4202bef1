import path from 'node:path';

export interface Import {
  /** As it is written. */
  readonly specifier: string;
  /** Only types are imported: nothing of it exists at run time. */
  readonly typeOnly: boolean;
}

/** Removes comments, keeps strings: an import in a comment does not count. */
const COMMENT_OR_STRING = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g;

const STATEMENT = /^[ \t]*(import|export)\s+(type\s+)?(?:[\w$*{}\s,]+?\s+from\s+)?['"]([^'"\n]+)['"]/gm;
/** `import('x')` as a value and as a type, `require('x')`, `require.resolve('x')`. */
const CALL = /(typeof\s+)?\b(?:import|require(?:\.resolve)?)\(\s*['"]([^'"\n]+)['"]/g;

/**
 * Every import of a TypeScript file: `import`, `export … from`, `import()`, `require()`, of values and of types. The text
 * must be formatted by Biome (each statement begins a line).
 */
export function findImports(text: string): Import[] {
  const code = text.replace(COMMENT_OR_STRING, (match) => (match.startsWith('/') ? ' ' : match));
  const statements = [...code.matchAll(STATEMENT)].map(
    ([, , type, specifier = '']): Import => ({
      specifier,
      typeOnly: type !== undefined,
    }),
  );
  const calls = [...code.matchAll(CALL)].map(
    ([, type, specifier = '']): Import => ({
      specifier,
      typeOnly: type !== undefined,
    }),
  );
  return [...statements, ...calls];
}

/** The file of this tree that a specifier means, relative to the root; undefined for a package or a Node module. */
export function resolveImport(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return path.posix.join(path.posix.dirname(file), specifier);
  const [, shared] = /^@miaobu\/shared\/(.+)$/.exec(specifier) ?? [];
  return shared === undefined ? undefined : `shared/${shared}.ts`;
}
