import { errors } from '../../contracts/errors.ts';
import { type Payload, type Topic, topics } from '../../contracts/messages.ts';
import type { LeasedMessage, Outbox } from '../../db/outbox.ts';
import { AppError } from '../../kernel/app-error.ts';
import type { Context } from '../../runtime/context.ts';
import { describeError } from '../../runtime/logger.ts';
import type { Repositories, Store } from '../repositories.ts';

/** The right to work on one message, for a while. */
export interface Lease {
  /** Fencing token: grows with every claim of any message. */
  readonly token: number;
  /** Throws `lease_lost` when the lease may soon be another's. Call it before every effect outside the database. */
  assertTrusted(): void;
}

/** What has to be written when the effects outside are done, together with the end of the message. */
export type Conclusion = (repositories: Repositories) => Promise<void>;

/** The work behind one topic. */
export interface TopicHandler<T extends Topic> {
  /** Reads the current desired state and makes it true. Must bear repetition. Permanent errors are `AppError`s that are not retryable. */
  work(payload: Payload<T>, lease: Lease, context: Context): Promise<Conclusion | undefined>;
  /** What to write when the message is given up: after a permanent error, or the last try. */
  abandon?(payload: Payload<T>, error: AppError, context: Context): Conclusion;
}

export type TopicHandlers<T extends Topic> = { readonly [Each in T]: TopicHandler<Each> };

export interface WorkDeps {
  readonly outbox: Outbox;
  readonly store: Pick<Store, 'transaction'>;
  /** Names this instance in leases. */
  readonly owner: string;
  /** Monotonic milliseconds. */
  readonly monotonicMs: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

const LEASE_SECONDS = 120;
/** Nothing outside is begun in the last part of a lease: a call under way has to end within it. */
const TRUST_MARGIN_SECONDS = 30;
const BATCH = 10;
/** A worker stays this long for what becomes due soon, rather than leaving it to the next minute. */
const LINGER_SECONDS = 5;
/** What providers want us to wait when they say "slow down" without saying how long. */
const THROTTLED_SECONDS = 60;

function failureOf(error: AppError) {
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
 * Works the outbox for some topics until nothing is due (or about to be) or the time is up. Returns how many messages
 * were done. Messages of one lane never run at the same time, here or in any other instance.
 */
export async function workOutbox<T extends Topic>(
  deps: WorkDeps,
  handlers: TopicHandlers<T>,
  context: Context,
  budgetSeconds: number,
): Promise<number> {
  const names = Object.keys(handlers) as T[];
  const end = deps.monotonicMs() + budgetSeconds * 1000;
  let done = 0;

  const conclude = async (message: LeasedMessage, conclusion: Conclusion | undefined) =>
    deps.store.transaction(async (repositories) => {
      await conclusion?.(repositories);
      await repositories.finish(message);
    });

  const handle = async (message: LeasedMessage, claimedAt: number): Promise<void> => {
    const topic = message.topic as T;
    const log = context.log.with({ requestId: message.requestId, topic, messageId: message.id });
    const own: Context = { requestId: message.requestId, log, signal: context.signal };
    const handler: TopicHandler<T> = handlers[topic];
    const lease: Lease = {
      token: message.leaseToken,
      assertTrusted: () => {
        const trustedUntil = claimedAt + (LEASE_SECONDS - TRUST_MARGIN_SECONDS) * 1000;
        if (deps.monotonicMs() > trustedUntil) throw new AppError('lease_lost');
      },
    };
    const started = deps.monotonicMs();
    const payload = topics[topic].parse(message.payload) as Payload<T>;
    try {
      await conclude(message, await handler.work(payload, lease, own));
      done += 1;
      log.info('message done', { attempts: message.attempts, durationMs: Math.round(deps.monotonicMs() - started) });
    } catch (caught) {
      const error = caught instanceof AppError ? caught : new AppError('internal', { cause: caught });
      if (error.code === 'lease_lost') {
        log.warn('the lease was lost; whoever has it goes on');
        return;
      }
      const failure = failureOf(error);
      const last = !failure.retry || message.attempts >= message.maxAttempts;
      log.error(last ? 'message given up' : 'message failed', { attempts: message.attempts, ...describeError(error) });
      if (last && handler.abandon) {
        const write = handler.abandon(payload, error, own);
        await deps.store.transaction(write);
      }
      await deps.outbox.fail(message, failure);
    }
  };

  while (deps.monotonicMs() < end && !context.signal.aborted) {
    const claimedAt = deps.monotonicMs();
    const messages = await deps.outbox.claim(deps.owner, names, BATCH, LEASE_SECONDS);
    if (messages.length > 0) {
      await Promise.all(messages.map((message) => handle(message, claimedAt)));
      continue;
    }
    const due = await deps.outbox.nextDueSeconds(names);
    if (due === undefined || due > LINGER_SECONDS) break;
    // A due message that cannot be claimed waits for its lane; look again soon.
    await deps.sleep(Math.max(50, due * 1000), context.signal);
  }
  return done;
}
