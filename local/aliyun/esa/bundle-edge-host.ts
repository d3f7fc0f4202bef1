import { fileURLToPath } from 'node:url';

/**
 * The program of the edge host as one plain module. Run from source, it would take twice the memory and start-up time: Node
 * loads a TypeScript compiler to strip types.
 */
export async function bundleEdgeHost(): Promise<string> {
  const { buildSync } = await import('esbuild');
  // The synchronous call leaves no esbuild service running beside the local cloud.
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL('edge-host.ts', import.meta.url))],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}
