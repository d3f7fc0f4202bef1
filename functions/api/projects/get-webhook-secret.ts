import type { WebhookSecret } from '@miaobu/shared/contracts/webhook-secrets';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Project } from '@miaobu/shared/model/project/project';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { findProject } from './find-project.ts';

export const presentWebhookSecret = ({ id, githubHookToldAt, previousWebhookSecretUntil }: Project): WebhookSecret => ({
  project_id: showId('project', id),
  known_to_github: githubHookToldAt !== null,
  previous_accepted_until: previousWebhookSecretUntil?.toISOString() ?? null,
});

export const getWebhookSecret =
  (deps: { readonly store: Pick<Store, 'projects'> }): Operation<'getWebhookSecret'> =>
  async ({ params }, actor) => ({ data: presentWebhookSecret(await findProject(deps.store, actor, params.project)) });
