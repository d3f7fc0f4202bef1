import type { ImportedPackages } from './emit-settings.ts';
import { vendorPackages } from './vendor-packages.ts';

/**
 * What has to be in the layer: every imported package, and what the recipes of those require. Throws for an import that has
 * no recipe: it would be found here, in node_modules, and be missing on Function Compute.
 */
export function choosePackages(...imports: readonly ImportedPackages[]): string[] {
  const chosen = new Set<string>();
  const choose = (specifier: string, importer: string) => {
    if (chosen.has(specifier)) return;
    const recipe = vendorPackages[specifier];
    if (!recipe) throw new Error(`${importer} imports '${specifier}', which layers/vendor-packages.ts does not know`);
    chosen.add(specifier);
    for (const required of recipe.requires ?? []) choose(required, `the layer's ${specifier}`);
  };
  for (const each of imports) {
    for (const [specifier, importer] of each) {
      if (!specifier.startsWith('@miaobu/shared/')) choose(specifier, importer);
    }
  }
  return [...chosen].sort();
}
