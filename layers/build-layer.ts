import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { unzipSync } from 'fflate';
import { buildSharedModules, sharedSources } from './build-shared-modules.ts';
import { buildVendorPackage } from './build-vendor-package.ts';
import { cachedFile } from './cached-file.ts';
import { choosePackages } from './choose-packages.ts';
import { deterministicZip } from './deterministic-zip.ts';
import { type ImportedPackages, repositoryRoot } from './emit-settings.ts';
import { vendorPackages } from './vendor-packages.ts';

/** Where Node looks when NODE_PATH says `/opt/nodejs/node_modules`: a layer is unpacked to `/opt`. */
const MODULES = 'nodejs/node_modules';

export interface BuiltLayer {
  readonly zip: Buffer;
  readonly wasCached: boolean;
}

/**
 * The layer that all functions share: `@miaobu/shared` and the packages that it and the functions import. The same sources
 * give the same bytes; earlier results come from `cacheDirectory`. Throws when something is imported that is not in
 * the list of packages.
 */
export async function buildLayer(options: {
  readonly cacheDirectory: string;
  /** What the functions import besides `@miaobu/shared`. */
  readonly importedByFunctions: ImportedPackages;
}): Promise<BuiltLayer> {
  const { cacheDirectory, importedByFunctions } = options;
  const recipes = await hashOf([...(await recipeFiles()), 'package-lock.json']);
  const sources = await hashOf((await sharedSources()).map((name) => path.join('shared', name)));
  const key = textHash(recipes, sources, ...[...importedByFunctions.keys()].sort());
  const make = async () => {
    const shared = await buildSharedModules();
    const specifiers = choosePackages(shared.imports, importedByFunctions);
    const vendors = await cachedFile(cacheDirectory, 'vendors', textHash(recipes, ...specifiers), async () =>
      deterministicZip(await buildVendors(specifiers), 0),
    );
    const files = new Map<string, Uint8Array>();
    for (const [name, content] of shared.files) files.set(`${MODULES}/@miaobu/shared/${name}`, content);
    for (const [name, content] of Object.entries(unzipSync(vendors.content))) files.set(`${MODULES}/${name}`, content);
    return deterministicZip(files);
  };
  const { content, wasCached } = await cachedFile(cacheDirectory, 'layer', key, make);
  return { zip: content, wasCached };
}

async function buildVendors(specifiers: readonly string[]): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  await Promise.all(
    specifiers.map(async (specifier) => {
      const recipe = vendorPackages[specifier];
      if (!recipe) throw new Error(`no recipe for ${specifier}`);
      const name = packageOf(specifier);
      const main = `${specifier === name ? 'index' : specifier.slice(name.length + 1)}.js`;
      files.set(`${name}/${main}`, await buildVendorPackage(specifier, recipe));
      const installed = path.join(repositoryRoot, 'node_modules', name, 'package.json');
      const { version } = JSON.parse(await readFile(installed, 'utf8'));
      files.set(`${name}/package.json`, Buffer.from(JSON.stringify({ name, version, type: 'commonjs' })));
    }),
  );
  return files;
}

/** `@scope/name` or `name`, without a subpath. */
const packageOf = (specifier: string) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

async function recipeFiles(): Promise<string[]> {
  const names = (await readdir(import.meta.dirname)).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
  );
  return names.sort().map((name) => path.join('layers', name));
}

async function hashOf(files: readonly string[]): Promise<string> {
  const contents = await Promise.all(files.map((file) => readFile(path.join(repositoryRoot, file))));
  return textHash(...files.map((file, index) => `${file} ${textHash(contents[index] ?? '')}`));
}

function textHash(...parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\n');
  return hash.digest('hex').slice(0, 32);
}
