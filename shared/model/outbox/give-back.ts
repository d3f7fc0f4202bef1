import { errors } from '../../contracts/errors.ts';
import type { Topic } from '../../contracts/messages.ts';
import type { Failure, LeasedMessage } from '../../db/outbox.ts';
import { AppError } from '../../kernel/app-error.ts';
import type { Context } from '../../kernel/context.ts';
import { describeError } from '../../kernel/describe-error.ts';
import { raiseAlarm } from '../audit/raise-alarm.ts';
import type { Store } from '../repositories.ts';
import { alertMessage } from './alert-message.ts';
import type { Conclusion } from './work-outbox.ts';

/** What providers want us to wait when they say "slow down" without saying how long. */
const THROTTLED_SECONDS = 60;
/** After so many tries, about a quarter of an hour, a person hears of what is to be tried for hours. */
const ALARMING_TRIES = 12;
/** So many leases may be lost beyond the last try before a message is given up unworked: it may be what its workers die of. */
const LOST_LEASES = 3;

export interface GivenUp {
  readonly message: LeasedMessage;
  readonly error: AppError;
  /** Only an improvement: forgotten instead of becoming a dead letter. */
  readonly droppable: boolean;
  /** What giving it up means. */
  readonly abandon: Conclusion | undefined;
}

/** What a worker finds that has been claimed again and again, and never came to an end. */
export const vanished = () => new AppError('internal', { message: 'the worker vanished' });
/** Whether a message was claimed so often without an end that its workers die of it. */
export const isWorkersDeath = ({ attempts, maxAttempts }: LeasedMessage) => attempts > maxAttempts + LOST_LEASES;

function failureOf({ message, error }: GivenUp): Failure {
  if (isWorkersDeath(message)) return { errorClass: 'lease_expired', message: error.message, retry: false };
  const throttled =
    error.code === 'vendor_throttled' || error.code === 'code_host_throttled' || error.code === 'rate_limited';
  const asked = error.details?.retryAfterSeconds;
  return {
    errorClass: throttled ? 'throttled' : errors[error.code].retryable ? 'transient' : 'permanent',
    message: error.message === error.code ? error.code : `${error.code}: ${error.message}`,
    retry: errors[error.code].retryable,
    ...(throttled ? { retryAfterSeconds: Math.max(THROTTLED_SECONDS, typeof asked === 'number' ? asked : 0) } : {}),
  };
}

/**
 * Puts a message that failed back in line, or gives it up: after a permanent error, the last try, or workers that vanished time after time.
 * What giving up means is written by whoever still holds the lease (else `lease_lost`), together with the alert, or not at all.
 */
export async function giveBack(
  store: Pick<Store, 'transaction'>,
  failed: GivenUp,
  { log, requestId }: Pick<Context, 'log' | 'requestId'>,
): Promise<void> {
  const { message, error, droppable, abandon } = failed;
  const { attempts, maxAttempts } = message;
  const topic = message.topic as Topic;
  const failure = failureOf(failed);
  const last = !failure.retry || attempts >= maxAttempts;
  log.error(last ? 'message given up' : 'message failed', { attempts, ...describeError(error) });
  await store.transaction(async (repositories) => {
    if (last) await abandon?.(repositories);
    if (last && droppable) return repositories.finish(message);
    if (last) await repositories.enqueue(alertMessage(message));
    else if (attempts >= ALARMING_TRIES && !droppable) {
      const details = { message_id: message.id, attempts, error: failure.message };
      await raiseAlarm(repositories, {
        actor: 'deploy',
        action: 'message.delayed',
        subject: topic,
        details,
        requestId,
      });
    }
    if ((await repositories.fail(message, failure)) === undefined) throw new AppError('lease_lost');
  });
}
