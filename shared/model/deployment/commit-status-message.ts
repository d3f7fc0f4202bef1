import { outboxMessage } from '../outbox/outbox-message.ts';

/**
 * Asks for the code host to show beside a commit what became of its newest deployment in an environment. One lane for the two,
 * so that what is said of an older deployment never comes after what is said of a newer one.
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
