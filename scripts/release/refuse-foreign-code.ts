import type { Metafile } from 'esbuild';

/**
 * Throws when a bundle of functions contains a file that is not of `functions/`, and names who takes it in. What functions
 * share comes from the layer; the local cloud, above all, must never be inside.
 */
export function refuseForeignCode({ inputs }: Pick<Metafile, 'inputs'>): void {
  const foreign = Object.keys(inputs).find((file) => !file.startsWith('functions/'));
  if (foreign === undefined) return;
  const importer = Object.entries(inputs).find(([, input]) => input.imports.some(({ path }) => path === foreign));
  throw new Error(`${importer?.[0] ?? 'a function'} takes ${foreign} into its bundle`);
}
