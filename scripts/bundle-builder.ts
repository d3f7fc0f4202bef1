/** Writes the build runner as one file: `node scripts/bundle-builder.ts <file>.cjs`. */
import { bundleBuilder } from '../builder/bundle-builder.ts';

const [outfile, ...rest] = process.argv.slice(2);
if (!outfile?.endsWith('.cjs') || rest.length > 0) {
  console.error('usage: node scripts/bundle-builder.ts <file>.cjs');
  process.exit(2);
}
await bundleBuilder(outfile);
