import { type ArtifactManifest, blobsOfArtifact, parseArtifactManifest } from '@miaobu/shared/contracts/app-manifest';
import { blobKey, deploymentPrefix } from '@miaobu/shared/contracts/manifest';
import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Context } from '@miaobu/shared/kernel/context';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Store } from '@miaobu/shared/model/repositories';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';

const MANIFEST_LIMIT_BYTES = 32 * 1024 * 1024;
const PROJECTS_A_PAGE = 100;
const BLOBS_A_PAGE = 1000;

export interface Deps {
  readonly store: Pick<Store, 'projects' | 'deployments' | 'blobs'>;
  readonly objectStore: Pick<ObjectStore, 'read' | 'delete'>;
  /** Contents that a build asked for within this time are never touched. */
  readonly graceSeconds: number;
}

type Using = Awaited<ReturnType<Store['deployments']['listWithManifest']>>[number];

/** The manifest of a deployment, or what its runner says will be; undefined when there is nothing to go by yet. */
async function manifestOf(
  deps: Deps,
  slug: string,
  { id, status, attempt }: Using,
): Promise<ArtifactManifest | undefined> {
  const prefix = deploymentPrefix(slug, showId('deployment', id));
  const read = (name: string) => deps.objectStore.read(`${prefix}/${name}`, MANIFEST_LIMIT_BYTES);
  const verified = await read('manifest.json');
  if (verified) return parseArtifactManifest(JSON.parse(verified.toString('utf8')));
  // What is deployed must have its manifest, or nothing is safe to delete.
  if (status === 'deployed') {
    throw new AppError('internal', { message: `the manifest of ${showId('deployment', id)} is missing` });
  }
  const claimed = await read(`manifest-${attempt}.json`);
  try {
    return claimed && parseArtifactManifest(JSON.parse(claimed.toString('utf8')));
  } catch {
    // A runner wrote it, and nobody has checked it: it will be refused.
    return undefined;
  }
}

/** Every content that a deployment of the project may still show. */
async function contentsInUse(deps: Deps, project: { id: string; slug: string }): Promise<Set<string>> {
  const inUse = new Set<string>();
  for (const deployment of await deps.store.deployments.listWithManifest(project.id)) {
    const manifest = await manifestOf(deps, project.slug, deployment);
    for (const blob of manifest ? blobsOfArtifact(manifest) : []) inUse.add(blob.sha256);
  }
  return inUse;
}

/**
 * Deletes contents that no deployment uses any more (mark and sweep). A content is forgotten in the database first: a build
 * that asks for it from then on uploads it again, so a crash in between leaves an unused object, never a missing one. A
 * project in which something is not as it should be is left as it is, and keeps no other from being swept.
 */
export const sweepBlobs =
  (deps: Deps) =>
  async ({ log }: Pick<Context, 'log'>): Promise<number> => {
    let swept = 0;
    let afterId: string | undefined;
    for (;;) {
      const projects = await deps.store.projects.listIds({ limit: PROJECTS_A_PAGE, afterId });
      for (const project of projects) {
        swept += await sweepProject(deps, project).catch((error: unknown) => {
          log.error('project not swept', { projectId: showId('project', project.id), error: String(error) });
          return 0;
        });
      }
      if (projects.length < PROJECTS_A_PAGE) break;
      afterId = projects.at(-1)?.id;
    }
    if (swept > 0) log.info('unused contents deleted', { swept });
    return swept;
  };

async function sweepProject(deps: Deps, project: { id: string; slug: string }): Promise<number> {
  let swept = 0;
  let after = '';
  let inUse: Set<string> | undefined;
  for (;;) {
    const unwanted = await deps.store.blobs.listUnwanted(project.id, deps.graceSeconds, BLOBS_A_PAGE, after);
    if (unwanted.length === 0) return swept;
    inUse ??= await contentsInUse(deps, project);
    const unused = unwanted.filter((hash) => !inUse?.has(hash));
    const forgotten = await deps.store.blobs.forgetUnwanted(project.id, unused, deps.graceSeconds);
    await deps.objectStore.delete(forgotten.map((hash) => blobKey(project.slug, hash)));
    swept += forgotten.length;
    after = unwanted.at(-1) ?? after;
  }
}
