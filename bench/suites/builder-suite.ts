import { bundledBuilder } from '../../builder/testing/run-builder.ts';
import { endWithBench } from '../measuring/end-with-bench.ts';
import type { Suite } from '../measuring/figure.ts';
import { measureChanged } from './builder-changed.ts';
import { measureColdUpload } from './builder-cold-upload.ts';
import { measureOverhead } from './builder-overhead.ts';
import { pages } from './builder-pages.ts';
import { measurePrecompress } from './builder-precompress.ts';

const FILES = 10_000;

/** The program that a build machine runs, against a platform that answers at once: only the builder is measured. */
export const builderSuite: Suite = {
  name: 'builder',
  about: `the build runner: what it adds to a build, and what it does with ${FILES} files`,
  async run(say) {
    const builder = await bundledBuilder();
    const end = endWithBench(() => builder.remove());
    try {
      const overhead = await measureOverhead(builder, say);
      const files = pages(FILES);
      const cold = await measureColdUpload(builder, files, say);
      const changed = await measureChanged(builder, files, cold.stored, say);
      return [...overhead, ...changed, ...cold.figures, ...(await measurePrecompress(say))];
    } finally {
      await end();
    }
  },
};
