import { outboxMessage } from '../outbox/outbox-message.ts';

/** Requests cancellation of the run of an attempt that is no longer valid. */
export const runCancelMessage = (deploymentId: string, attempt: number, requestId: string) =>
  outboxMessage(
    'run.cancel',
    { deployment_id: deploymentId, attempt },
    { lane: `run:${deploymentId}:${attempt}`, key: `${deploymentId}:${attempt}`, requestId },
  );
