import type { AppManifest } from '@miaobu/shared/contracts/app-manifest';
import { buildShards, shardKey, TABLE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { blobsOf, type Manifest, verifiedManifestKey } from '@miaobu/shared/contracts/manifest';
import { AppError, type ErrorCode } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Deployment } from '@miaobu/shared/model/deployment/deployment';
import type { Environment } from '@miaobu/shared/model/environment/environment-repository';
import { switchEnvironment } from '@miaobu/shared/model/environment/switch-environment';
import type { TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import { requireRoomForContents } from '@miaobu/shared/model/usage/require-storage-room';
import type { EdgeStore } from '@miaobu/shared/ports/edge-store';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';
import { verifyArtifact } from './verify-artifact.ts';

export interface Deps {
  readonly store: Pick<Store, 'deployments' | 'projects' | 'blobs' | 'limits' | 'usage'>;
  readonly objectStore: Pick<ObjectStore, 'read' | 'get' | 'put' | 'delete'>;
  readonly edgeStore: Pick<EdgeStore, 'putMany'>;
  readonly monotonicMs: () => number;
}

/**
 * `deployment.activate`: verifies a build's uploads, stores its manifest and routing table (both immutable, so nothing is visible yet),
 * then switches the environment under its lock. The order of pushes decides, never the order in which builds finish.
 */
export const activateDeployment = (deps: Deps): TopicHandler<'deployment.activate'> => ({
  async work({ deployment_id: deploymentId }, lease, { requestId }) {
    const deployment = await deps.store.deployments.find(deploymentId);
    if (deployment?.status !== 'deploying' || deployment.activatedAt) return undefined;
    const project = await deps.store.projects.find(deployment.projectId);
    if (!project) return undefined;

    const manifest = await verifyArtifact(deps, deployment, project.slug, lease);
    if (manifest.kind !== 'static') throw cannotRun(manifest);
    await requireRoomForContents(deps.store, project.userId);
    const shown = showId('deployment', deploymentId);
    const shards = routingTable(manifest);
    lease.assertTrusted();
    await Promise.all([
      deps.objectStore.put(verifiedManifestKey(project.slug, shown), Buffer.from(JSON.stringify(manifest)), {
        contentType: 'application/json',
      }),
      deps.edgeStore.putMany(
        TABLE_NAMESPACE,
        shards.map((value, shard) => ({ key: shardKey(shown, shard), value })),
      ),
    ]);

    const artifact = {
      files: manifest.files.length,
      bytes: manifest.files.reduce((sum, file) => sum + file.bytes, 0),
      shards: shards.length,
      spa: manifest.spa,
    };
    // The size visitors may download and the size stored in the bucket differ: by compressed twins, and by files that share a
    // content.
    const storedBytes = blobsOf(manifest).reduce((sum, blob) => sum + blob.bytes, 0);
    return async (repositories) => {
      // Before the deployment, as in every other transaction that locks both: in another order two could wait for each other.
      const environment = await repositories.environments.lock(deployment.environmentId);
      await repositories.deployments.describeArtifact(deploymentId, artifact);
      await repositories.usage.recordStored({ deploymentId, attempt: deployment.attempt }, storedBytes);
      await goLive(repositories, environment, deployment, requestId);
    };
  },

  abandon:
    ({ deployment_id: deploymentId }, error, { requestId }) =>
    async (repositories) => {
      await repositories.deployments.move(deploymentId, {
        to: 'failed',
        by: 'deploy',
        requestId,
        set: {
          reason: error.code,
          reasonMessage: SAYS_WHY.has(error.code) ? error.message : 'The deployment could not be published.',
        },
      });
    },
});

/** Errors whose message is meant for the deployment's owner. */
const SAYS_WHY: ReadonlySet<ErrorCode> = new Set(['artifact_invalid', 'servers_not_supported', 'limit_reached']);

const RUNTIMES = { node: 'Node.js', python: 'Python' } as const;

const cannotRun = ({ kind, start }: AppManifest) =>
  new AppError('servers_not_supported', {
    message: `This is a ${RUNTIMES[kind]} server (start: ${start}). Its package was built and verified, but this platform cannot run servers yet; only static sites go live.`,
  });

function routingTable(manifest: Manifest): string[] {
  try {
    return buildShards(manifest);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new AppError('artifact_invalid', { message: cause.message, cause });
  }
}

/** Switches to a verified deployment, unless a newer one was current before, promotion is held, or the environment is disabled. */
async function goLive(
  repositories: Repositories,
  environment: Environment,
  verified: Deployment,
  requestId: string,
): Promise<void> {
  const deployment = await repositories.deployments.lock(verified.id);
  if (deployment?.status !== 'deploying' || deployment.activatedAt) return;
  // Its project is being deleted: nothing goes live.
  if (!(await repositories.projects.find(deployment.projectId))) return;
  const reason = whyNotShown(environment, deployment);
  if (reason === undefined) {
    await switchEnvironment(repositories, 'deploy', { environment, deployment, requestId });
  } else {
    await repositories.deployments.move(deployment.id, { to: 'deployed', by: 'deploy', requestId, set: { reason } });
  }
}

function whyNotShown(
  environment: Environment,
  { seq }: Deployment,
): 'switched_off' | 'held' | 'superseded' | undefined {
  if (environment.disabledAt) return 'switched_off';
  if (!environment.autoPromote) return 'held';
  return seq <= environment.activatedSeq ? 'superseded' : undefined;
}
