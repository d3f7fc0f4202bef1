// Releases the platform: `node scripts/release/release-platform.ts < configuration.json`. The configuration is described in
// release-config.ts. Standard output gets a line of JSON for every finished step; what went wrong is said on standard error.
import { enableCompileCache } from 'node:module';
import path from 'node:path';
import { text } from 'node:stream/consumers';

try {
  const input = JSON.parse(await text(process.stdin));
  // The vendors' SDKs are ten megabytes of source: the second release need not compile them again.
  if (typeof input?.cacheDirectory === 'string') enableCompileCache(path.join(input.cacheDirectory, 'compiled'));
  const [{ readReleaseConfig }, { release }, { reportSteps }] = await Promise.all([
    import('./release-config.ts'),
    import('./release.ts'),
    import('./release-steps.ts'),
  ]);
  await release(
    readReleaseConfig(input),
    reportSteps((line) => console.log(line)),
  );
  // The bundler's service and idle connections would keep the process for a while.
  process.exit(0);
} catch (error) {
  console.error(`the release failed: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
