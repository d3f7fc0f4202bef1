import { spawnSync } from 'node:child_process';
import { archiveOfFiles } from '../../builder/testing/archive-of.ts';
import type { BundledBuilder } from '../../builder/testing/run-builder.ts';
import { startTestPlatform } from '../../builder/testing/test-platform.ts';
import type { Figure } from '../measuring/figure.ts';
import { page } from './builder-pages.ts';

const RUNS = 15;
const TARGET_MS = 400;

const timed = async (work: () => unknown) => {
  const began = performance.now();
  await work();
  return performance.now() - began;
};

/** A site without commands: all of the time is the builder's own. */
export async function measureOverhead(builder: BundledBuilder, say: (line: string) => void): Promise<Figure[]> {
  const source = archiveOfFiles({ 'index.html': page(0), 'about.html': page(1), 'style.css': 'body { margin: 0 }\n' });
  const whole: number[] = [];
  const bare: number[] = [];
  for (let run = 0; run <= RUNS; run += 1) {
    const platform = await startTestPlatform({ archive: source });
    const took = await timed(async () => {
      const { code, stderr } = await builder.run(platform.inputs);
      if (code !== 0) throw new Error(`the builder failed: ${stderr}`);
    });
    await platform[Symbol.asyncDispose]();
    const node = await timed(() => spawnSync(process.execPath, ['-e', '0']));
    // The first run reads the program from the disk.
    if (run > 0) {
      whole.push(took);
      bare.push(node);
    }
  }
  say(`${RUNS} plain sites`);
  return [
    {
      name: 'plain HTML, nothing to run: start of the builder → its end',
      unit: 'ms',
      samples: whole,
      target: { relation: '<', value: TARGET_MS },
      note: 'the bundled program; platform, code host and storage answer at once, in the process of the bench',
    },
    { name: 'for comparison: node that does nothing', unit: 'ms', samples: bare },
  ];
}
