import { UPLOAD_BATCH, type UploadAnswer, type UploadRequest } from '@miaobu/shared/contracts/build-job';
import { BuildFailure } from '../build-failure.ts';
import type { ArtifactContent } from './artifact.ts';
import { inParallel } from './in-parallel.ts';
import { md5Of } from './read-content.ts';

/** Links are valid for a quarter of an hour. Links not used by then are requested again: a whole batch at once, not one by one. */
const FRESH_MS = 10 * 60_000;
const PARALLEL_QUESTIONS = 4;

export type UploadLink = UploadAnswer['uploads'][number];

interface Batch {
  /** Its contents that were missing and are not uploaded yet. */
  readonly left: Map<string, ArtifactContent>;
  links: ReadonlyMap<string, UploadLink>;
  askedAt: number;
  renewal: Promise<void> | undefined;
}

export interface UploadLinks {
  /** What the platform does not have, each content once. */
  readonly missing: readonly ArtifactContent[];
  /** Another link, after `refused` did not work; undefined when the platform has the content by now. */
  linkFor(content: ArtifactContent, refused?: UploadLink): Promise<UploadLink | undefined>;
  /** It has arrived. */
  settle(content: ArtifactContent): void;
}

/** Asks which contents are missing and where to put them, a batch at a time, and again for links that no longer work. */
export async function askForLinks({
  contents,
  ask,
  now = Date.now,
}: {
  contents: readonly ArtifactContent[];
  ask: (request: UploadRequest) => Promise<UploadAnswer>;
  now?: () => number;
}): Promise<UploadLinks> {
  const distinct = [...new Map(contents.map((content) => [content.sha256, content])).values()];
  const groups: ArtifactContent[][] = [];
  for (let from = 0; from < distinct.length; from += UPLOAD_BATCH)
    groups.push(distinct.slice(from, from + UPLOAD_BATCH));

  async function linksFor(wanted: ReadonlyMap<string, ArtifactContent>): Promise<ReadonlyMap<string, UploadLink>> {
    const blobs: UploadRequest['blobs'] = [];
    for (const content of wanted.values()) {
      blobs.push({ sha256: content.sha256, bytes: content.bytes, md5: await md5Of(content) });
    }
    const { uploads } = await ask({ blobs });
    if (uploads.some(({ sha256 }) => !wanted.has(sha256))) {
      throw new BuildFailure('runner_error', 'The platform asked for a file that is not part of this build.');
    }
    return new Map(uploads.map((link) => [link.sha256, link]));
  }

  async function renew(batch: Batch): Promise<void> {
    const askedAt = now();
    batch.links = await linksFor(batch.left);
    batch.askedAt = askedAt;
  }

  const batchOf = new Map<string, Batch>();
  await inParallel(groups, PARALLEL_QUESTIONS, async (group) => {
    const askedAt = now();
    const links = await linksFor(new Map(group.map((content) => [content.sha256, content])));
    const left = new Map(group.filter(({ sha256 }) => links.has(sha256)).map((content) => [content.sha256, content]));
    const batch: Batch = { left, links, askedAt, renewal: undefined };
    for (const sha256 of left.keys()) batchOf.set(sha256, batch);
  });

  return {
    missing: distinct.filter(({ sha256 }) => batchOf.has(sha256)),
    async linkFor({ sha256 }, refused) {
      const batch = batchOf.get(sha256);
      if (!batch?.left.has(sha256)) return undefined;
      // Another upload may have renewed the batch since the refused link was given.
      const isRefused = refused !== undefined && batch.links.get(sha256) === refused;
      if (isRefused || now() - batch.askedAt >= FRESH_MS) {
        batch.renewal ??= renew(batch).finally(() => {
          batch.renewal = undefined;
        });
        await batch.renewal;
      }
      return batch.links.get(sha256);
    },
    settle: ({ sha256 }) => void batchOf.get(sha256)?.left.delete(sha256),
  };
}
