import { AppError, type ErrorCode } from '@miaobu/shared/kernel/app-error';
import type { Context } from '@miaobu/shared/kernel/context';
import { showId } from '@miaobu/shared/kernel/ids';
import { closeAttempt } from '@miaobu/shared/model/build/close-attempt';
import type { Deployment } from '@miaobu/shared/model/deployment/deployment';
import type { Project } from '@miaobu/shared/model/project/project';
import type { Store } from '@miaobu/shared/model/repositories';
import type { BuildLog } from '@miaobu/shared/ports/build-log';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';

export interface Deps {
  readonly store: Pick<Store, 'transaction'>;
  readonly buildLog: Pick<BuildLog, 'append'>;
  readonly doorbell: Doorbell;
}

type OfCommit = Deployment & { readonly commitSha: string };

/** The user's explanation of a permanent error of the code host. Undefined for transient ones. */
function explain(code: ErrorCode, { commitSha }: OfCommit, { repository }: Project): string | undefined {
  switch (code) {
    case 'repository_not_found':
      return `GitHub has no commit ${commitSha.slice(0, 7)} of ${repository}, or does not show it to the connected account.`;
    case 'code_host_unauthorized':
      return `GitHub refuses to give ${repository} to the connected account; sign in again to connect it.`;
    case 'vendor_rejected':
      return `GitHub does not give the source of commit ${commitSha.slice(0, 7)} of ${repository}.`;
    default:
      return undefined;
  }
}

/**
 * A deployment whose source is unavailable fails at once, with a reason and a line in its log: its runner has nothing to build. Returns
 * for a transient error; otherwise throws `attempt_closed`, which ends the run.
 */
export async function failWithoutSource(
  deps: Deps,
  error: unknown,
  deployment: OfCommit,
  project: Project,
  { requestId, log }: Pick<Context, 'requestId' | 'log'>,
): Promise<void> {
  const message = error instanceof AppError ? explain(error.code, deployment, project) : undefined;
  if (message === undefined) return;
  const key = { deploymentId: deployment.id, attempt: deployment.attempt };
  // First, so that whoever sees the failed status finds the reason in the log; if this fails, the status has it too.
  await deps.buildLog
    .append({ deploymentId: showId('deployment', deployment.id), attempt: deployment.attempt }, [
      { chunk: 0, at: new Date(), text: `Error: ${message}\n` },
    ])
    .catch((cause: unknown) =>
      log.warn('the log of a build without a source was not written', { error: String(cause) }),
    );
  await deps.store.transaction(async (repositories) => {
    const set = { reason: 'source_unavailable', reasonMessage: message };
    const move = { to: 'failed', by: 'build-callback', from: ['cloning'], requestId, set } as const;
    if (await repositories.deployments.move(deployment.id, move)) {
      await closeAttempt(repositories, key, project, 'finished');
    }
  });
  await deps.doorbell.ring(requestId);
  throw new AppError('attempt_closed', { details: { reason: message }, cause: error });
}
