import { setTimeout as delay } from 'node:timers/promises';
import { exchange } from '../../builder/protocol/http-request.ts';
import { createPlatformClient } from '../../builder/protocol/platform-client.ts';
import { digestsOf } from '../../builder/site/content-digests.ts';
import type { BundledBuilder } from '../../builder/testing/run-builder.ts';
import { type SeenRequest, startTestPlatform } from '../../builder/testing/test-platform.ts';
import type { Figure } from '../measuring/figure.ts';
import { stepFigures } from './builder-changed.ts';
import { archive, type Pages } from './builder-pages.ts';

const LATENCY_MS = 20;
const PEER_ROUNDS = 3;
const PEER_UPLOADS = 100;

/** A storage that answers every upload 20 ms late. */
const late = async ({ path }: SeenRequest) => {
  if (path.startsWith('/store/')) await delay(LATENCY_MS);
  return undefined;
};

/** The plainest uploader: one link after another, each PUT after the previous one is answered. Returns uploads per second. */
async function oneByOne(contents: readonly Buffer[]): Promise<number> {
  const platform = await startTestPlatform({ intercept: late });
  const client = createPlatformClient(platform.inputs);
  const job = await client.redeemUpload(platform.inputs.ticket, 'the-peer', {});
  const { token } = await client.publication(job.token, {});
  const byDigest = new Map(contents.map((content) => [digestsOf(content).sha256, content]));
  const blobs = [...byDigest].map(([sha256, content]) => ({ sha256, bytes: content.length }));
  const { uploads } = await client.uploads(token, { blobs }, {});
  const began = performance.now();
  for (const { sha256, url, headers } of uploads) {
    const body = byDigest.get(sha256) ?? Buffer.alloc(0);
    const { status } = await exchange({ method: 'PUT', url, headers, body });
    if (status !== 200) throw new Error(`the storage answered ${status}`);
  }
  const seconds = (performance.now() - began) / 1000;
  await platform[Symbol.asyncDispose]();
  return uploads.length / seconds;
}

/** A first deployment. Returns what it stored, for one that changes little. */
export async function measureColdUpload(
  builder: BundledBuilder,
  files: Pages,
  say: (line: string) => void,
): Promise<{ readonly figures: Figure[]; readonly stored: readonly Buffer[] }> {
  const count = Object.keys(files).length;
  let first = 0;
  let last = 0;
  const platform = await startTestPlatform({
    archive: archive(files),
    intercept(request) {
      if (request.path.startsWith('/store/')) {
        last = performance.now();
        first ||= last;
      }
      return late(request);
    },
  });
  say(`a first deployment of ${count} pages`);
  const began = performance.now();
  const { code, stderr } = await builder.run(platform.inputs);
  const seconds = (performance.now() - began) / 1000;
  if (code !== 0) throw new Error(`the builder failed: ${stderr}`);
  await platform[Symbol.asyncDispose]();
  const rate = (platform.stored.length * 1000) / (last - first);

  const peer: number[] = [];
  const sample = Object.values(files)
    .slice(0, PEER_UPLOADS)
    .map((text) => Buffer.from(text));
  for (let round = 1; round <= PEER_ROUNDS; round += 1) peer.push(await oneByOne(sample));
  say(`${PEER_ROUNDS} times ${PEER_UPLOADS} uploads, one by one`);
  return {
    stored: [...platform.objects.values()],
    figures: [
      {
        name: `${count} new pages: uploads at ${LATENCY_MS} ms latency`,
        unit: 'a second',
        samples: [rate],
        note: `${platform.stored.length} of them: each page, its twin, and the list of files; 16 at a time`,
      },
      {
        name: '  for comparison: one after another, links alike',
        unit: 'a second',
        samples: peer,
        note: `${PEER_UPLOADS} uploads a sample`,
      },
      { name: `  all ${count} new: start of the builder → its end`, unit: 's', samples: [seconds] },
      ...stepFigures([platform]),
    ],
  };
}
