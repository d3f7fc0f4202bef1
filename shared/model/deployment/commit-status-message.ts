import type { OutboxMessage } from '../../db/outbox.ts';

/**
 * Asks for the code host to show beside a commit what became of its newest deployment in an environment. One lane for the two,
 * so that what is said of an older deployment never comes after what is said of a newer one.
 */
export const commitStatusMessage = (
  deployment: { readonly environmentId: string; readonly commitSha: string },
  requestId: string,
): OutboxMessage => ({
  topic: 'commit.status',
  lane: `commit:${deployment.environmentId}:${deployment.commitSha}`,
  dedupeKey: `commit.status:${deployment.environmentId}:${deployment.commitSha}`,
  payload: { environment_id: deployment.environmentId, commit_sha: deployment.commitSha },
  requestId,
  maxAttempts: 5,
});
