import { type ArtifactManifest, blobsOfArtifact, parseArtifactManifest } from '@miaobu/shared/contracts/app-manifest';
import { blobKey, claimedManifestKey, MANIFEST_LIMITS, verifiedManifestKey } from '@miaobu/shared/contracts/manifest';
import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Context } from '@miaobu/shared/kernel/context';
import { describeError } from '@miaobu/shared/kernel/describe-error';
import { showId } from '@miaobu/shared/kernel/ids';
import type { SweptProject } from '@miaobu/shared/model/build/content-sweep-repository';
import { doomInTime } from '@miaobu/shared/model/build/doom-in-time';
import type { Store } from '@miaobu/shared/model/repositories';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';
import { LATE_SECONDS } from './remove-leftovers.ts';
import type { Sweep } from './run-cleanup.ts';

const PROJECTS_A_PAGE = 100;
const BLOBS_A_PAGE = 1000;

export interface Deps {
  readonly store: Pick<Store, 'deploymentRetention' | 'blobs' | 'contentSweeps' | 'now'>;
  readonly objectStore: Pick<ObjectStore, 'read' | 'delete'>;
  /** Contents that a build requested within this time are never touched if they were verified; otherwise within `LATE_SECONDS`. */
  readonly graceSeconds: number;
  readonly monotonicMs: () => number;
}

type Using = Awaited<ReturnType<Store['deploymentRetention']['listWithManifest']>>[number];

/** The manifest of a deployment, or its runner's; undefined when there is none yet. */
async function manifestOf(
  deps: Deps,
  slug: string,
  { id, status, attempt }: Using,
): Promise<ArtifactManifest | undefined> {
  const shown = showId('deployment', id);
  const read = (key: string) => deps.objectStore.read(key, MANIFEST_LIMITS.manifestBytes);
  const verified = await read(verifiedManifestKey(slug, shown));
  if (verified) return parseArtifactManifest(JSON.parse(verified.toString('utf8')));
  // A deployed one must have its manifest, otherwise nothing is safe to delete.
  if (status === 'deployed') {
    throw new AppError('internal', { message: `the manifest of ${shown} is missing` });
  }
  const claimed = await read(claimedManifestKey(slug, shown, attempt));
  try {
    return claimed && parseArtifactManifest(JSON.parse(claimed.toString('utf8')));
  } catch {
    // A runner wrote it unchecked, and it will be refused.
    return undefined;
  }
}

/** Every content that a deployment of the project may still show. */
async function contentsInUse(deps: Deps, project: SweptProject, signal: AbortSignal): Promise<Set<string>> {
  const inUse = new Set<string>();
  for (const deployment of await deps.store.deploymentRetention.listWithManifest(project.id)) {
    signal.throwIfAborted();
    const manifest = await manifestOf(deps, project.slug, deployment);
    for (const blob of manifest ? blobsOfArtifact(manifest) : []) inUse.add(blob.sha256);
  }
  return inUse;
}

/**
 * Deletes contents that no deployment uses (mark and sweep), without ever racing an upload of the same content: see `blob-repository.ts`.
 * A crash half way leaves a doomed content, which the next sweep takes up; never a missing or an unrecorded one. Starts with the projects
 * that have waited longest and reads manifests only of those with changes. A project with an inconsistency is left as it is, without
 * blocking the others.
 */
export const sweepBlobs =
  (deps: Deps): Sweep =>
  async ({ log, signal }) => {
    const roundBegan = await deps.store.now();
    let swept = 0;
    while (!signal.aborted) {
      const projects = await deps.store.contentSweeps.listDue({
        before: roundBegan,
        graceSeconds: deps.graceSeconds,
        limit: PROJECTS_A_PAGE,
      });
      for (const project of projects) {
        if (signal.aborted) break;
        swept += await sweepOnce(deps, project, { log, signal });
      }
      if (projects.length === 0) break;
    }
    if (swept > 0) log.info('unused contents deleted', { swept });
    return swept;
  };

type SweepContext = Pick<Context, 'log' | 'signal'>;

async function sweepOnce(deps: Deps, project: SweptProject, context: SweepContext): Promise<number> {
  const sweep = await deps.store.contentSweeps.begin(project.id);
  // The project was deleted meanwhile.
  if (!sweep) return 0;
  try {
    const swept = await sweepProject(deps, project, context);
    if (!context.signal.aborted) await deps.store.contentSweeps.end(sweep);
    return swept;
  } catch (error) {
    // The rest follows in a later round.
    if (context.signal.aborted) return 0;
    context.log.error('project not swept', { projectId: showId('project', project.id), ...describeError(error) });
    return 0;
  }
}

async function sweepProject(deps: Deps, project: SweptProject, { log, signal }: SweepContext): Promise<number> {
  const grace = { verified: deps.graceSeconds, unverified: Math.min(deps.graceSeconds, LATE_SECONDS) };
  let swept = 0;
  let after = '';
  let inUse: Set<string> | undefined;
  while (!signal.aborted) {
    const unwanted = await deps.store.blobs.listUnwanted(project.id, grace, BLOBS_A_PAGE, after);
    if (unwanted.length === 0) break;
    inUse ??= await contentsInUse(deps, project, signal);
    const unused = unwanted.filter((hash) => !inUse?.has(hash));
    after = unwanted.at(-1) ?? after;
    if (unused.length === 0) continue;

    const doom = await doomInTime(deps.monotonicMs, () => deps.store.blobs.doomUnwanted(project.id, unused, grace));
    if (!doom) continue;
    await deps.objectStore.delete(doom.hashes.map((hash) => blobKey(project.slug, hash)));
    swept += doom.hashes.length;
    const tooLate = await deps.store.blobs.forgetDoomed(project.id, doom);
    if (tooLate.length > 0) {
      log.error('a deletion took so long that a build may have uploaded the same again', {
        projectId: showId('project', project.id),
        contents: tooLate.length,
      });
    }
  }
  return swept;
}
