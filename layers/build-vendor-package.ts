import path from 'node:path';
import { build, type Plugin } from 'esbuild';
import { emitSettings, importedPackages, refuseWarnings, repositoryRoot } from './emit-settings.ts';
import { optionalPackages, type VendorPackage } from './vendor-packages.ts';

// 250 KB of error messages in languages we do not set, all of them parsed at every cold start.
const onlyEnglishInZod: Plugin = {
  name: 'only English in zod',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, (file) => ({
      contents: `export { default as en } from './en.js';`,
      resolveDir: path.dirname(file.path),
    }));
  },
};

const entryOf = (specifier: string, { exports }: VendorPackage): string => {
  const from = JSON.stringify(specifier);
  switch (exports) {
    case 'commonjs':
      return `module.exports = require(${from});`;
    case 'named':
      return `export * from ${from};`;
    case 'default':
      return `import all from ${from}; module.exports = all;`;
  }
};

/** One package (or one subpath of it) as one minified CommonJS file that contains everything except what it `requires`. */
export async function buildVendorPackage(specifier: string, recipe: VendorPackage): Promise<Uint8Array> {
  const outside = [...(recipe.requires ?? []), ...optionalPackages];
  const result = await build({
    ...emitSettings,
    stdin: { contents: entryOf(specifier, recipe), resolveDir: repositoryRoot, sourcefile: specifier },
    bundle: true,
    minify: true,
    external: outside,
    plugins: [onlyEnglishInZod],
  });
  refuseWarnings(result.warnings.filter(({ location }) => !location?.file.includes('node_modules')));
  for (const found of importedPackages(result.metafile).keys()) {
    if (!outside.includes(found)) throw new Error(`the layer's ${specifier} would need ${found} and not contain it`);
  }
  const [output] = result.outputFiles;
  if (!output) throw new Error(`nothing was built of ${specifier}`);
  return output.contents;
}
