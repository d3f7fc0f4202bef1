import { access, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { deterministicZip } from '../../layers/deterministic-zip.ts';
import {
  emitSettings,
  type ImportedPackages,
  importedPackages,
  refuseWarnings,
  repositoryRoot,
} from '../../layers/emit-settings.ts';
import { refuseForeignCode } from './refuse-foreign-code.ts';

/** What belongs in the package of a function besides its code: folder → the files of it that match. */
const ASSETS: Readonly<Record<string, { readonly folder: string; readonly files: RegExp }>> = {
  migrate: { folder: 'migrations', files: /^\d+_.+\.sql$/ },
};

export interface BundledFunctions {
  /** Name of the folder in `functions/` → its package. */
  readonly zips: ReadonlyMap<string, Buffer>;
  /** What the bundles expect to find in the layer. */
  readonly imports: ImportedPackages;
}

/** The functions there are: folders of `functions/` with a handler. */
export async function functionFolders(): Promise<string[]> {
  const folders = (await readdir(path.join(repositoryRoot, 'functions'))).sort();
  const isFunction = await Promise.all(
    folders.map((folder) =>
      access(handlerOf(folder)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return folders.filter((_, index) => isFunction[index]);
}

export const handlerOf = (folder: string) => path.join(repositoryRoot, 'functions', folder, 'handler.ts');

/**
 * Each function as the zip Function Compute takes: `index.js` with the function's own code, CommonJS and not minified (it
 * is small, and its stack traces can be read). Packages and `@miaobu/shared` stay outside: they come from the layer. Throws
 * when a bundle would contain code of any other folder.
 */
export async function bundleFunctions(): Promise<BundledFunctions> {
  const folders = await functionFolders();
  const { outputFiles, metafile, warnings } = await build({
    ...emitSettings,
    entryPoints: folders.map((folder) => ({ in: handlerOf(folder), out: folder })),
    outdir: path.join(repositoryRoot, 'functions'),
    bundle: true,
    packages: 'external',
  });
  refuseWarnings(warnings);
  refuseForeignCode(metafile);
  const zips = new Map<string, Buffer>();
  for (const { path: file, contents } of outputFiles) {
    const folder = path.basename(file, '.js');
    const assets = await assetsOf(folder);
    zips.set(folder, deterministicZip(new Map([['index.js', contents], ['package.json', COMMONJS], ...assets])));
  }
  return { zips, imports: importedPackages(metafile) };
}

const COMMONJS = Buffer.from('{"type":"commonjs"}');

async function assetsOf(functionFolder: string): Promise<[string, Uint8Array][]> {
  const assets = ASSETS[functionFolder];
  if (!assets) return [];
  const names = (await readdir(path.join(repositoryRoot, assets.folder))).filter((name) => assets.files.test(name));
  return Promise.all(
    names.map(
      async (name): Promise<[string, Uint8Array]> => [
        `${assets.folder}/${name}`,
        await readFile(path.join(repositoryRoot, assets.folder, name)),
      ],
    ),
  );
}
