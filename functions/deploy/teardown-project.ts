import { kvKey, ROUTE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Conclusion, Lease, TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { DeletingProject } from '@miaobu/shared/model/project/project-repository';
import { teardownMessage } from '@miaobu/shared/model/project/teardown-message';
import type { Store } from '@miaobu/shared/model/repositories';
import { publishMessage } from '@miaobu/shared/model/route/publish-message';
import type { DnsZone } from '@miaobu/shared/ports/dns-zone';
import type { EdgeStore } from '@miaobu/shared/ports/edge-store';
import type { EdgeZone } from '@miaobu/shared/ports/edge-zone';
import { type Deps as ContentDeps, deleteProjectContent } from './delete-project-content.ts';
import { disconnectHook, type Deps as HookDeps } from './disconnect-hook.ts';

export interface Deps extends ContentDeps, HookDeps {
  readonly store: ContentDeps['store'] & Pick<Store, 'routes' | 'transaction'>;
  readonly edgeStore: ContentDeps['edgeStore'] & Pick<EdgeStore, 'get'>;
  readonly edgeZone: Pick<EdgeZone, 'deleteSiteRecord'>;
  readonly dnsZone: Pick<DnsZone, 'deleteCname'>;
}

/** How soon to check whether `route.publish` has removed a hostname from the edge. */
const ROUTES_AGAIN_SECONDS = 2;

/**
 * `project.teardown`: tears down a project that is being deleted. Each round starts over with whatever is not done yet, so a crash
 * anywhere costs a repetition: first its hostnames are removed from the edge, then what leads there (the edge's record, DNS, the push
 * hook). Its stored content follows an hour later, when no visitor can be routed to it and no upload is permitted; by then whatever was
 * being connected at the start is done, and is removed in the second round. Its rows come last, which frees its slug.
 */
export const teardownProject = (deps: Deps): TopicHandler<'project.teardown'> => ({
  async work({ project_id: projectId }, lease, { requestId, log }) {
    await failUnfinished(deps, projectId, requestId);
    const hostnames = await deps.store.routes.listOfProject(projectId);
    const again =
      (seconds: number): Conclusion =>
      (repositories) =>
        repositories.enqueue(teardownMessage(projectId, requestId, seconds));

    const project = await deps.store.projects.findDeleting(projectId);
    if (!project) return undefined;
    const shown = await stillShown(deps, hostnames, lease);
    if (shown.length > 0) {
      return async (repositories) => {
        for (const hostname of shown) await repositories.enqueue(publishMessage(hostname, requestId));
        await again(ROUTES_AGAIN_SECONDS)(repositories);
      };
    }
    for (const hostname of hostnames) {
      await deps.edgeZone.deleteSiteRecord(hostname, lease.assertTrusted);
      lease.assertTrusted();
      await deps.dnsZone.deleteCname(hostname);
    }
    await disconnectHook(deps, project, lease, log);

    // Read only now: what was still seen at the edge a moment ago is protected from then on.
    const { protectedSeconds } = (await deps.store.projects.findDeleting(projectId)) ?? project;
    if (protectedSeconds > 0) return again(protectedSeconds);
    const progress = await deleteProjectContent(deps, project, lease);
    if (progress) {
      return async (repositories) => {
        await progress(repositories);
        await again(0)(repositories);
      };
    }
    log.info('project deleted', { projectId: showId('project', projectId), slug: project.slug });
    return forget(project, requestId);
  },
});

/** Ends what was about to go live when the deletion started. */
async function failUnfinished({ store }: Deps, projectId: string, requestId: string): Promise<void> {
  await store.transaction(async (repositories) => {
    if (!(await repositories.projects.findDeleting(projectId))) return;
    for (const { id } of await repositories.deployments.listOfProject(projectId, ['deploying'])) {
      const set = { reason: 'project_deleted', reasonMessage: 'The project was deleted.' };
      await repositories.deployments.move(id, { to: 'failed', by: 'deploy', requestId, set });
    }
  });
}

async function stillShown({ edgeStore }: Deps, hostnames: readonly string[], lease: Lease): Promise<readonly string[]> {
  const shown: string[] = [];
  for (const hostname of hostnames) {
    lease.assertTrusted();
    if ((await edgeStore.get(ROUTE_NAMESPACE, kvKey(hostname))) !== undefined) shown.push(hostname);
  }
  return shown;
}

const forget =
  ({ id, slug, repository }: DeletingProject, requestId: string): Conclusion =>
  async (repositories) => {
    await repositories.projects.delete(id);
    await repositories.auditLog.append({
      actor: 'deploy',
      action: 'project.deleted',
      subject: showId('project', id),
      details: { slug, repository },
      requestId,
    });
  };
