import type { Metafile } from 'esbuild';

/**
 * Throws when a bundle of functions contains a file from outside `functions/`, and names its importer. What functions
 * share comes from the layer; above all, the local cloud must never be included.
 */
export function refuseForeignCode({ inputs }: Pick<Metafile, 'inputs'>): void {
  const foreign = Object.keys(inputs).find((file) => !file.startsWith('functions/'));
  if (foreign === undefined) return;
  const importer = Object.entries(inputs).find(([, input]) => input.imports.some(({ path }) => path === foreign));
  throw new Error(`${importer?.[0] ?? 'a function'} takes ${foreign} into its bundle`);
}
