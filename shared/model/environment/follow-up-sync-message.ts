import { branchSyncMessage } from './branch-sync-message.ts';

/** How long after a head was recorded its follow-up sync runs. */
export const FOLLOW_UP_SECONDS = 45;

/** Requests a sync soon after a head was recorded: the next push's delivery may get lost, and the code host may have shown a stale head. */
export const followUpSyncMessage = (environmentId: string, requestId: string) =>
  branchSyncMessage(environmentId, requestId, FOLLOW_UP_SECONDS);
