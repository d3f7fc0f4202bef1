import { outboxMessage } from '../outbox/outbox-message.ts';

/**
 * Requests the code host to show, beside a commit, the outcome of its newest deployment in an environment. They share a lane, so that an
 * older deployment's status never overwrites a newer one's.
 */
export const commitStatusMessage = (
  { environmentId, commitSha }: { readonly environmentId: string; readonly commitSha: string },
  requestId: string,
) =>
  outboxMessage(
    'commit.status',
    { environment_id: environmentId, commit_sha: commitSha },
    { lane: `commit:${environmentId}:${commitSha}`, key: `${environmentId}:${commitSha}`, requestId },
  );
