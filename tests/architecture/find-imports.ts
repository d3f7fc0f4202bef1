import path from 'node:path';

export interface Import {
  /** As it is written. */
  readonly specifier: string;
  /** Only types cross: nothing of it is there when the code runs. */
  readonly typeOnly: boolean;
}

/** Comments go, strings stay: what is only talked about is no import. */
const COMMENT_OR_STRING = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g;

const STATEMENT = /^[ \t]*(import|export)\s+(type\s+)?(?:[\w$*{}\s,]+?\s+from\s+)?['"]([^'"\n]+)['"]/gm;
/** `import('x')` as a value and as a type, `require('x')`, `require.resolve('x')`. */
const CALL = /(typeof\s+)?\b(?:import|require(?:\.resolve)?)\(\s*['"]([^'"\n]+)['"]/g;

/**
 * Every import of a TypeScript file: `import`, `export … from`, `import()`, `require()`, of values and of types. The text
 * must be formatted as Biome does it (a statement begins its line).
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

/** The file in this tree that a specifier means, from its root; undefined for a package or a module of Node's. */
export function resolveImport(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return path.posix.join(path.posix.dirname(file), specifier);
  const [, shared] = /^@miaobu\/shared\/(.+)$/.exec(specifier) ?? [];
  return shared === undefined ? undefined : `shared/${shared}.ts`;
}
