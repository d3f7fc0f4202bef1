import { isBuiltin } from 'node:module';
import path from 'node:path';
import type { BuildOptions, Message, Metafile } from 'esbuild';

export const repositoryRoot = path.resolve(import.meta.dirname, '..');

/**
 * What all code for Function Compute is emitted with. CommonJS, because an ES module's `import` ignores NODE_PATH, which is
 * how a function finds the layer; for the same reason `import()` must become a `require` that is run when it is reached.
 */
export const emitSettings = {
  absWorkingDir: repositoryRoot,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  supported: { 'dynamic-import': false },
  legalComments: 'none',
  charset: 'utf8',
  metafile: true,
  write: false,
  logLevel: 'silent',
} as const satisfies BuildOptions;

/** Module specifier → a file that imports it. */
export type ImportedPackages = ReadonlyMap<string, string>;

/** The packages a build left outside, besides Node's own modules. */
export function importedPackages(metafile: Metafile): ImportedPackages {
  const found = new Map<string, string>();
  for (const output of Object.values(metafile.outputs)) {
    for (const { path: specifier, external } of output.imports) {
      if (!external || isBuiltin(specifier) || specifier.startsWith('.')) continue;
      if (!found.has(specifier)) found.set(specifier, output.entryPoint ?? 'a file');
    }
  }
  return found;
}

/** A bundler warning means code that behaves differently on Function Compute: it fails the build. */
export function refuseWarnings(warnings: readonly Message[]): void {
  const [first] = warnings;
  if (!first) return;
  const place = first.location ? `${first.location.file}:${first.location.line}: ` : '';
  throw new Error(`${place}${first.text}`);
}
