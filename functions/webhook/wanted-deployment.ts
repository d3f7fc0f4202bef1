import type { QueueDeployment } from '@miaobu/shared/model/deployment/queue-deployment';
import type { Project } from '@miaobu/shared/model/project/project';
import type { PushDecision } from './decide-push.ts';
import type { RecordedDelivery } from './read-delivery.ts';

type AcceptedPush = PushDecision & { readonly outcome: 'accepted' };

/** The deployment that a push calls for. */
export const wantedDeployment = (
  project: Project,
  { known, commit }: AcceptedPush,
  { deliveryGuid, requestId }: RecordedDelivery,
) =>
  ({
    project,
    environment: known.environment,
    commit,
    trigger: 'push',
    dedupeKey: `push:${deliveryGuid}`,
    requestId,
  }) as const satisfies QueueDeployment;
