import { errors } from '../../contracts/errors.ts';
import type { Topic } from '../../contracts/messages.ts';
import type { Failure, LeasedMessage } from '../../db/outbox.ts';
import { AppError } from '../../kernel/app-error.ts';
import type { Context } from '../../kernel/context.ts';
import { describeError } from '../../kernel/describe-error.ts';
import { raiseAlarm } from '../audit/raise-alarm.ts';
import type { Repositories, Store } from '../repositories.ts';
import { alertMessage } from './alert-message.ts';
import type { Conclusion } from './work-outbox.ts';

/** The wait after a provider's "slow down" without a duration. */
const THROTTLED_SECONDS = 60;
/** After this many tries, about a quarter of an hour, the operator is alerted to work that is retried for hours. */
const ALARMING_TRIES = 12;
/** How many more leases may be lost after the last try before a message is given up unhandled: it may be what kills its workers. */
const LOST_LEASES = 3;

export interface GivenUp {
  readonly message: LeasedMessage;
  readonly error: AppError;
  /** Best effort: dropped instead of becoming a dead letter. */
  readonly droppable: boolean;
  /** What to write when it is given up. */
  readonly abandon: Conclusion | undefined;
}

/** The error of a message that was claimed again and again and never finished. */
export const vanished = () => new AppError('internal', { message: 'the worker vanished' });
/** Whether a message was claimed without a result so often that it seems to kill its workers. */
export const isWorkersDeath = ({ attempts, maxAttempts }: LeasedMessage) => attempts > maxAttempts + LOST_LEASES;

function failureOf({ message, error }: GivenUp): Failure {
  if (isWorkersDeath(message)) return { errorClass: 'lease_expired', message: error.message, retry: false };
  const throttled =
    error.code === 'vendor_throttled' || error.code === 'code_host_throttled' || error.code === 'rate_limited';
  const stated = error.details?.retryAfterSeconds;
  const wait = Math.max(throttled ? THROTTLED_SECONDS : 0, typeof stated === 'number' ? stated : 0);
  return {
    errorClass: throttled ? 'throttled' : errors[error.code].retryable ? 'transient' : 'permanent',
    message: error.message === error.code ? error.code : `${error.code}: ${error.message}`,
    retry: errors[error.code].retryable,
    ...(wait === 0 ? {} : { retryAfterSeconds: wait }),
  };
}

/**
 * Returns a failed message to the queue, or gives it up: after a permanent error, the last try, or repeated worker deaths. The
 * consequences of giving up are written by the lease holder (else `lease_lost`) in one transaction with the alert.
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
    if (error.code === 'platform_misconfigured') await alertOfRefusal(repositories, failed, requestId);
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

/** At once, because every account's work waits for it. One alarm a day for each refusal. */
const alertOfRefusal = (repositories: Repositories, { message, error }: GivenUp, requestId: string) =>
  raiseAlarm(repositories, {
    actor: 'deploy',
    action: 'access.refused',
    subject: error.message,
    details: { remedy: error.remedy, topic: message.topic, message_id: message.id },
    requestId,
  });
