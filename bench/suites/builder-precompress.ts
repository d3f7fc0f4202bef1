import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { collectOutput } from '../../builder/site/collect-output.ts';
import { precompress } from '../../builder/site/precompress.ts';
import type { Figure } from '../measuring/figure.ts';
import { pages } from './builder-pages.ts';

const PAGES = 2_000;
const BEST_PAGES = 100;
const ROUNDS = 3;

const megabytesPerSecond = (bytes: number, ms: number) => bytes / 1000 / ms;

/** Twins of 2,000 pages, beside a loop that compresses one after another with the same quality and with the best. */
export async function measurePrecompress(say: (line: string) => void): Promise<Figure[]> {
  const parent = realpathSync(mkdtempSync(path.join(tmpdir(), 'miaobu-bench-')));
  const folder = path.join(parent, 'site');
  try {
    for (const [name, text] of Object.entries(pages(PAGES))) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    }
    const { files } = await collectOutput({ folder, root: folder, isProjectRoot: false, user: undefined });
    const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    const ours: number[] = [];
    const plain: number[] = [];
    const best: number[] = [];
    let smaller = 0;

    const loop = (count: number, quality: number) => {
      const began = performance.now();
      let bytes = 0;
      for (const { source } of files.slice(0, count)) {
        const content = readFileSync(source);
        bytes += content.length;
        brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } });
      }
      return megabytesPerSecond(bytes, performance.now() - began);
    };

    for (let round = 1; round <= ROUNDS; round += 1) {
      const into = path.join(parent, `twins-${round}`);
      const began = performance.now();
      const made = await precompress(files, { into, say: () => {}, signal: new AbortController().signal });
      ours.push(megabytesPerSecond(total, performance.now() - began));
      smaller = [...made.values()].reduce((sum, { br }) => sum + (br?.bytes ?? 0), 0) / total;
      plain.push(loop(PAGES, 5));
      best.push(loop(BEST_PAGES, 11));
      say(`compressed ${PAGES} pages: ${round} of ${ROUNDS}`);
    }
    return [
      {
        name: `twins of ${PAGES} pages: read, compress, hash, write`,
        unit: 'MB/s',
        samples: ours,
        note: `br 5; they have ${Math.round(smaller * 100)} % of the pages' size`,
      },
      { name: '  for comparison: read and compress, one after another, br 5', unit: 'MB/s', samples: plain },
      { name: '  for comparison: the same with br 11', unit: 'MB/s', samples: best, note: `${BEST_PAGES} pages` },
    ];
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}
