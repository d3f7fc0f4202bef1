import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import type { BuildAttempt } from '@miaobu/shared/model/build/build-attempt-repository';
import { BUILD_CAP_SECONDS, QUEUE_CAP_SECONDS } from '@miaobu/shared/model/deployment/deployment-lifecycle';
import type { BuildRun, BuildRunner } from '@miaobu/shared/ports/build-runner';

/** What the provider's answer means for an attempt that does not report. */
export type RunVerdict =
  /** It waits for a machine, and may go on waiting. */
  | { readonly is: 'waiting' }
  /** It may still report. */
  | { readonly is: 'running' }
  /** It will not report any more, or took too long. `why` is a sentence. */
  | { readonly is: 'over' | 'too long'; readonly why: string }
  | { readonly is: 'unknown' };

/** Asks the provider about the run of an attempt. Throws its errors, until the attempt's time is up. */
export async function judgeRun(
  buildRunner: Pick<BuildRunner, 'getRun' | 'findRun'>,
  attempt: BuildAttempt,
): Promise<RunVerdict> {
  try {
    const run = await ask(buildRunner, attempt);
    return run ? judge(run, attempt) : { is: 'unknown' };
  } catch (error) {
    if (!(error instanceof AppError) || hasTime(attempt)) throw error;
    // Whatever GitHub would say, its time is up.
    const what = attempt.redeemedAgo === null ? 'begin' : 'end';
    return { is: 'too long', why: `The build did not ${what} in time, and GitHub could not be asked about its run.` };
  }
}

function ask(
  buildRunner: Pick<BuildRunner, 'getRun' | 'findRun'>,
  attempt: BuildAttempt,
): Promise<BuildRun | undefined> {
  const runId = runOf(attempt);
  if (runId) return buildRunner.getRun(runId);
  return buildRunner.findRun({
    deploymentId: showId('deployment', attempt.deploymentId),
    attempt: attempt.attempt,
  });
}

/** A build may take an hour; until it begins it may wait for a machine. */
const hasTime = ({ redeemedAgo, madeAgo }: BuildAttempt) =>
  redeemedAgo === null ? madeAgo < QUEUE_CAP_SECONDS : redeemedAgo < BUILD_CAP_SECONDS;

/**
 * An attempt has two runs when GitHub's answer was lost and the first run was not listed yet. Then the one that counts is the one that
 * redeemed; the builder names it (`redeemer` in builder/main.ts).
 */
const runOf = ({ redeemer, runId }: BuildAttempt) => /^github-(\d+)-/.exec(redeemer ?? '')?.[1] ?? runId;

function judge(
  { state, conclusion, url }: BuildRun,
  { redeemedAgo, madeAgo, ticketExpired }: BuildAttempt,
): RunVerdict {
  switch (state) {
    case 'succeeded':
    case 'failed':
    case 'cancelled': {
      const when = redeemedAgo === null ? 'before it began to build' : 'without a last report';
      return { is: 'over', why: `The run on GitHub Actions ended (${conclusion ?? state}) ${when}: ${url}` };
    }
    case 'queued':
      if (madeAgo < QUEUE_CAP_SECONDS) return { is: 'waiting' };
      return { is: 'too long', why: `The run on GitHub Actions waited for a machine for too long: ${url}` };
    case 'running':
      if (redeemedAgo === null) {
        // Its machine is being prepared. The ticket tells how long ago it was still waiting for one.
        if (!ticketExpired) return { is: 'running' };
        return { is: 'too long', why: `The run on GitHub Actions did not begin to build in time: ${url}` };
      }
      if (redeemedAgo < BUILD_CAP_SECONDS) return { is: 'running' };
      return { is: 'too long', why: `The run on GitHub Actions did not end in time: ${url}` };
  }
}
