import { AppError } from '@miaobu/shared/kernel/app-error';
import { randomToken, showId } from '@miaobu/shared/kernel/ids';
import type { Sealer } from '@miaobu/shared/kernel/seal';
import { connectHookMessage } from '@miaobu/shared/model/project/connect-hook-message';
import { webhookSecretContext } from '@miaobu/shared/model/project/project';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';
import type { Operation } from '../operation.ts';
import { findProject } from './find-project.ts';
import { presentWebhookSecret } from './get-webhook-secret.ts';

export interface Deps {
  readonly store: Pick<Store, 'projects' | 'transaction'>;
  readonly sealer: Sealer;
  readonly doorbell: Doorbell;
}

/**
 * A new webhook secret, which nobody is shown: `deploy` gives it to GitHub. Unlike an API token's, the old secret is accepted for a day
 * unless asked otherwise, because GitHub signs with it until it has the new one. A rotation within that day is not refused, because a leak
 * cannot wait: it drops the oldest secret, so that never more than two are accepted.
 */
export const rotateWebhookSecret =
  (deps: Deps): Operation<'rotateWebhookSecret'> =>
  async ({ params, body }, actor, { requestId, address }) => {
    const { id } = await findProject(deps.store, actor, params.project);
    const sealed = await deps.sealer.seal(randomToken(), { project: id, context: webhookSecretContext(id) });
    const rotated = await deps.store.transaction(async (repositories) => {
      const project = await repositories.projects.rotateWebhookSecret(id, sealed, body.overlap_seconds);
      if (!project) throw new AppError('not_found');
      await repositories.enqueue(connectHookMessage(id, requestId));
      await repositories.auditLog.append({
        actor: showId('user', actor.user.id),
        action: 'webhook_secret.rotated',
        subject: showId('project', id),
        details: { version: project.webhookSecretVersion, overlap_seconds: body.overlap_seconds },
        requestId,
        address,
      });
      return project;
    });
    await deps.doorbell.ring(requestId);
    return { data: presentWebhookSecret(rotated) };
  };
