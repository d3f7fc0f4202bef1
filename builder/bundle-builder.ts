import path from 'node:path';
import { build } from 'esbuild';

/**
 * Writes the build runner as one CommonJS file that needs only Node 22. Name it `*.cjs`: it must run in any folder,
 * whatever a package.json above it says.
 */
export async function bundleBuilder(outfile: string): Promise<void> {
  await build({
    entryPoints: [path.join(import.meta.dirname, 'main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    minify: true,
    logLevel: 'warning',
  });
}
