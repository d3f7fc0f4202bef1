import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import type { ZipFiles } from './deterministic-zip.ts';
import {
  emitSettings,
  type ImportedPackages,
  importedPackages,
  refuseWarnings,
  repositoryRoot,
} from './emit-settings.ts';

const SHARED = path.join(repositoryRoot, 'shared');

/** The modules of `shared/` that are code of functions: no tests, no declarations. Paths relative to it, in order. */
export async function sharedSources(): Promise<string[]> {
  const names = await readdir(SHARED, { recursive: true });
  return names
    .filter((name) => name.endsWith('.ts') && !/\.(test|d)\.ts$/.test(name) && !name.includes('node_modules'))
    .sort();
}

/**
 * `shared/` as the package `@miaobu/shared`, file by file: every function and every other module of the layer gets the same
 * instance of a module, so that `instanceof AppError` holds between them.
 */
export async function buildSharedModules(): Promise<{ files: ZipFiles; imports: ImportedPackages }> {
  const result = await build({
    ...emitSettings,
    entryPoints: (await sharedSources()).map((name) => path.join(SHARED, name)),
    outbase: SHARED,
    outdir: SHARED,
    bundle: true,
    plugins: [
      {
        name: 'every module stays a file of its own',
        setup({ onResolve }) {
          onResolve({ filter: /.*/ }, ({ kind, path: specifier }) =>
            kind === 'entry-point'
              ? undefined
              : { path: specifier.startsWith('.') ? specifier.replace(/\.ts$/, '.js') : specifier, external: true },
          );
        },
      },
    ],
  });
  refuseWarnings(result.warnings);
  const files = new Map<string, Uint8Array>();
  for (const { path: file, contents } of result.outputFiles) {
    files.set(path.relative(SHARED, file).split(path.sep).join('/'), contents);
  }
  const { name, version } = JSON.parse(await readFile(path.join(SHARED, 'package.json'), 'utf8'));
  const manifest = { name, version, type: 'commonjs', exports: { './*': './*.js' } };
  files.set('package.json', Buffer.from(JSON.stringify(manifest)));
  return { files, imports: importedPackages(result.metafile) };
}
