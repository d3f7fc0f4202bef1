import { branchSyncMessage } from './branch-sync-message.ts';

/** After so long a head that was taken is followed up. */
export const FOLLOW_UP_SECONDS = 45;

/** Asks for the head soon after one was taken: the delivery of the next push may get lost, and what the code host showed may have been old. */
export const followUpSyncMessage = (environmentId: string, requestId: string) =>
  branchSyncMessage(environmentId, requestId, FOLLOW_UP_SECONDS);
