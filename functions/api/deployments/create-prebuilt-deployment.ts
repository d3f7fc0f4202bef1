import { randomBytes } from 'node:crypto';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import type { BuildTokens } from '@miaobu/shared/model/build/build-tokens';
import { queueUpload } from '@miaobu/shared/model/deployment/queue-upload';
import type { SiteAddress } from '@miaobu/shared/model/project/site-address';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';
import type { Operation } from '../operation.ts';
import { findProject } from '../projects/find-project.ts';
import { showQueued } from './deploy-by-hand.ts';

export interface Deps {
  readonly store: Pick<Store, 'transaction' | 'projects' | 'environments' | 'shownDeployments'>;
  readonly buildTokens: BuildTokens;
  readonly doorbell: Doorbell;
  readonly address: SiteAddress;
  /** Where the uploader reports. */
  readonly controlOrigin: string;
}

/** Prepares the upload of a folder by the caller. The ticket is only in this response. */
export const createPrebuiltDeployment =
  (deps: Deps): Operation<'createPrebuiltDeployment'> =>
  async ({ params, body }, actor, { requestId, address }) => {
    const { id: projectId } = await findProject(deps.store, actor, params.project);
    const found = await deps.store.environments.findByName(projectId, body.environment);
    if (!found) throw new AppError('not_found');
    const nonce = randomBytes(16);
    const { id, attempt } = await deps.store.transaction(async (repositories) => {
      const environment = await repositories.environments.lock(found.id);
      const project = await repositories.projects.find(projectId);
      if (!project) throw new AppError('not_found');
      const message = body.message ?? null;
      const uploader = actor.user.githubLogin;
      const deployment = await queueUpload(repositories, { project, environment, message, uploader, nonce, requestId });
      await repositories.auditLog.append({
        actor: showId('user', actor.user.id),
        action: 'deployment.requested',
        subject: showId('deployment', deployment.id),
        projectId,
        details: { trigger: 'upload', environment: environment.name },
        requestId,
        address,
      });
      return deployment;
    });
    // The final statuses of superseded deployments may be waiting to be sent.
    await deps.doorbell.ring(requestId);
    const ticket = deps.buildTokens.ticket({ deploymentId: id, attempt, nonce });
    return {
      data: {
        deployment: await showQueued(deps, projectId, id),
        upload: { callback_url: deps.controlOrigin, attempt, ticket },
      },
    };
  };
