import { AppError } from '@miaobu/shared/kernel/app-error';
import { type Deadline, deadlineIn, settledBy } from '@miaobu/shared/kernel/deadline';

/** The time for one delivery, from the beginning of its request. */
export interface IntakeTime {
  /** Nothing is committed later. */
  readonly commitMs: number;
  /** Nobody waits longer for the answer. */
  readonly answerMs: number;
}

/** GitHub hangs up after ten seconds. The rest is for the network, and for Postgres to say that it has cancelled a statement. */
export const INTAKE_TIME: IntakeTime = { commitMs: 8000, answerMs: 8500 };

/** The longest a single statement of intake takes. Only a delivery with less time left has to tell Postgres how much that is. */
export const STATEMENT_SECONDS = 5;

/** Runs `work`, and answers `database_unavailable` in its place when it takes too long. What has not committed by `commitBy` never does. */
export async function withinIntakeTime<T>(
  { commitMs, answerMs }: IntakeTime,
  work: (commitBy: Deadline) => Promise<T>,
): Promise<T> {
  const answerBy = deadlineIn(answerMs);
  const done = await settledBy(
    answerBy,
    work(deadlineIn(commitMs)).then((result) => ({ result })),
  );
  if (!done) throw new AppError('database_unavailable', { message: 'the delivery was not recorded in time' });
  return done.result;
}
