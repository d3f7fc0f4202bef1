import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * The edge routine as ESA takes it: the source text of one ES module with nothing left to import, to be uploaded as
 * UTF-8. Rejects with esbuild's `BuildFailure`.
 */
export async function bundleEdgeRoutine(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('index.ts', import.meta.url))],
    bundle: true,
    minify: true,
    format: 'esm',
    // Neutral: no Node built-in resolves, so a use of one fails here and not at the edge.
    platform: 'neutral',
    target: 'es2022',
    charset: 'utf8',
    write: false,
  });
  const [output] = outputFiles;
  if (!output) throw new Error('esbuild wrote no bundle');
  return output.text;
}
