import { outboxMessage } from '../outbox/outbox-message.ts';

/** Asks for the end of the run of an attempt that no longer counts. */
export const runCancelMessage = (deploymentId: string, attempt: number, requestId: string) =>
  outboxMessage(
    'run.cancel',
    { deployment_id: deploymentId, attempt },
    { lane: `run:${deploymentId}:${attempt}`, key: `${deploymentId}:${attempt}`, requestId },
  );
