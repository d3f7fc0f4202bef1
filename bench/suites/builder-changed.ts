import type { BundledBuilder } from '../../builder/testing/run-builder.ts';
import { startTestPlatform, type TestPlatform } from '../../builder/testing/test-platform.ts';
import type { Figure } from '../measuring/figure.ts';
import { archive, PAGE_BYTES, type Pages, page } from './builder-pages.ts';

const CHANGES = 2;
/** A changed page and its compressed twin. */
const UPLOADS_TARGET = 2;

const STEPS = [
  ['  of that: download and unpack', /^Cloned .* in ([\d.]+) s$/m],
  ['  of that: compress', /^Compressed .* in ([\d.]+) s /m],
  ['  of that: ask what is missing, and upload', /^Uploaded in ([\d.]+) s$/m],
] as const;

/** What the builder says in its log about how long it took. */
export function stepFigures(platforms: readonly Pick<TestPlatform, 'log'>[]): Figure[] {
  return STEPS.map(([name, line]) => ({
    name,
    unit: 's',
    samples: platforms.map(({ log }) => Number(line.exec(log())?.[1] ?? Number.NaN)),
  }));
}

/** The same site with one page changed, on a platform that has the whole previous site. */
export async function measureChanged(
  builder: BundledBuilder,
  files: Pages,
  present: readonly Buffer[],
  say: (line: string) => void,
): Promise<Figure[]> {
  const count = Object.keys(files).length;
  const uploads: number[] = [];
  const seconds: number[] = [];
  const logs: Pick<TestPlatform, 'log'>[] = [];
  const [changed = ''] = Object.keys(files);
  for (let change = 1; change <= CHANGES; change += 1) {
    const platform = await startTestPlatform({ archive: archive({ ...files, [changed]: page(0, change) }), present });
    const began = performance.now();
    const { code, stderr } = await builder.run(platform.inputs);
    seconds.push((performance.now() - began) / 1000);
    if (code !== 0) throw new Error(`the builder failed: ${stderr}`);
    // All but the manifest, which comes last.
    uploads.push(platform.stored.length - 1);
    logs.push({ log: platform.log });
    await platform[Symbol.asyncDispose]();
    say(`one of ${count} pages changed: ${change} of ${CHANGES}`);
  }
  return [
    {
      name: `one of ${count} pages changed: contents uploaded`,
      unit: 'objects',
      samples: uploads,
      target: { relation: '≤', value: UPLOADS_TARGET },
      note: `the page of ${PAGE_BYTES / 1000} KB and its twin in br; the list of files, which every deployment has, is one more request`,
    },
    { name: '  start of the builder → its end', unit: 's', samples: seconds },
    ...stepFigures(logs),
  ];
}
