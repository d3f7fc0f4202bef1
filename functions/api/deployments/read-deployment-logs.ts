import { showId } from '@miaobu/shared/kernel/ids';
import { isInProgress } from '@miaobu/shared/model/deployment/deployment-lifecycle';
import type { Store } from '@miaobu/shared/model/repositories';
import type { BuildLog } from '@miaobu/shared/ports/build-log';
import type { Operation } from '../operation.ts';
import { findDeployment } from './find-deployment.ts';

/** A page of the build log. While the deployment is in progress every page with a line has a cursor, for what follows. */
export const readDeploymentLogs =
  (deps: {
    readonly store: Pick<Store, 'projects' | 'shownDeployments'>;
    readonly buildLog: Pick<BuildLog, 'read'>;
  }): Operation<'readDeploymentLogs'> =>
  async ({ params, query }, actor) => {
    const deployment = await findDeployment(deps.store, actor, params);
    const ended = !isInProgress(deployment.status);
    const page = await deps.buildLog.read(
      { deploymentId: showId('deployment', deployment.id) },
      { after: query.cursor, limit: query.limit, ended },
    );
    const last = page.entries.at(-1)?.cursor ?? query.cursor;
    return {
      data: page.entries.map(({ at, attempt, text }) => ({ at, attempt, text })),
      nextCursor: page.nextCursor ?? (ended ? null : (last ?? null)),
    };
  };
