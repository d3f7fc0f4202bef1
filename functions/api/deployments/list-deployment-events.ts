import type { DeploymentEvent as EventJson } from '@miaobu/shared/contracts/deployment-logs';
import { showId } from '@miaobu/shared/kernel/ids';
import { shownStatus } from '@miaobu/shared/model/deployment/deployment-lifecycle';
import type { DeploymentEvent } from '@miaobu/shared/model/deployment/shown-deployments-repository';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { pageOf, readCursor } from '../page-of.ts';
import { findDeployment } from './find-deployment.ts';

const present = ({ id, kind, fromStatus, toStatus, by, note, requestId, createdAt }: DeploymentEvent): EventJson => ({
  id: showId('deploymentEvent', id),
  kind,
  from_status: fromStatus && shownStatus(fromStatus),
  to_status: toStatus && shownStatus(toStatus),
  by,
  note,
  request_id: requestId,
  created_at: createdAt.toISOString(),
});

/** A deployment's moves, and users' actions on it. */
export const listDeploymentEvents =
  (deps: { readonly store: Pick<Store, 'projects' | 'shownDeployments'> }): Operation<'listDeploymentEvents'> =>
  async ({ params, query }, actor) => {
    const { id } = await findDeployment(deps.store, actor, params);
    const afterId = readCursor('deploymentEvent', query.cursor);
    const deployment = { id, shownId: showId('deployment', id) };
    const found = await deps.store.shownDeployments.listEvents(deployment, { limit: query.limit + 1, afterId });
    const { rows, nextCursor } = pageOf('deploymentEvent', found, query.limit);
    return { data: rows.map(present), nextCursor };
  };
