import { type Payload, type Topic, topics } from '../../contracts/messages.ts';
import type { LeasedMessage, Outbox } from '../../db/outbox.ts';
import { AppError } from '../../kernel/app-error.ts';
import type { Context } from '../../kernel/context.ts';
import { describeError } from '../../kernel/describe-error.ts';
import type { Repositories, Store } from '../repositories.ts';
import { type Claimed, claimMessages } from './claim-messages.ts';
import { giveBack, isWorkersDeath, vanished } from './give-back.ts';
import { pauseOfError, providerOfError } from './providers.ts';

/** The right to handle one message, for a while. */
export interface Lease {
  /** Fencing token: grows with every claim of any message. */
  readonly token: number;
  /** Throws `lease_lost` when the lease may soon be taken over. Call it before every effect outside the database. */
  assertTrusted(): void;
}

/** What to write after the external effects, in one transaction with the end of the message. */
export type Conclusion = (repositories: Repositories) => Promise<void>;

/** The handler of one topic. */
export interface TopicHandler<T extends Topic> {
  /** Reads the current desired state and makes it true. Must be idempotent. Permanent errors are `AppError`s that are not retryable. */
  work(payload: Payload<T>, lease: Lease, context: Context): Promise<Conclusion | undefined>;
  /** What to write when the message is given up: after a permanent error, or the last try. */
  abandon?(payload: Payload<T>, error: AppError, context: Context): Conclusion;
  /** Best effort: dropped after the last try instead of becoming a dead letter. */
  readonly droppable?: true;
}

export type TopicHandlers<T extends Topic> = { readonly [Each in T]: TopicHandler<Each> };

export interface WorkDeps {
  readonly outbox: Outbox;
  readonly store: Pick<Store, 'transaction' | 'breakers'>;
  /** Names this instance in leases. */
  readonly owner: string;
  /** Monotonic milliseconds. */
  readonly monotonicMs: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

const LEASE_SECONDS = 120;
/** No external call starts in the last part of a lease: a running call has to end within it. */
const TRUST_MARGIN_SECONDS = 30;
/** Messages that one worker handles concurrently. */
const PARALLEL = 10;
/** An idle worker waits this long for messages about to be due, rather than leaving them to the next minute. */
const LINGER_SECONDS = 5;
/**
 * Handles messages of these topics until none is due (or about to be) or the time is up. Returns how many were done. Messages of one lane
 * never run concurrently, across all instances.
 */
export async function workOutbox<T extends Topic>(
  deps: WorkDeps,
  handlers: TopicHandlers<T>,
  context: Context,
  budgetSeconds: number,
): Promise<number> {
  const names = Object.keys(handlers) as T[];
  const end = deps.monotonicMs() + budgetSeconds * 1000;
  const underWay = new Set<Promise<void>>();
  let done = 0;

  const conclude = (message: LeasedMessage, conclusion: Conclusion | undefined) =>
    conclusion
      ? deps.store.transaction(async (repositories) => {
          await conclusion(repositories);
          await repositories.finish(message);
        })
      : deps.outbox.finish(message);

  /** Derives from a message's outcome the health of the providers it needed. */
  const judge = async ({ message, trial, counted }: Claimed, error: AppError | undefined): Promise<void> => {
    const failed = error && providerOfError(error, message.topic as T);
    if (failed) await deps.store.breakers.recordFailure(failed, trial.includes(failed), pauseOfError(error));
    if (error) await deps.store.breakers.endTrials(trial.filter((provider) => provider !== failed));
    else for (const provider of counted) await deps.store.breakers.recordSuccess(provider, trial.includes(provider));
  };

  const handle = async (claimed: Claimed, claimedAt: number): Promise<void> => {
    const { message } = claimed;
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
    const parsed = topics[topic].safeParse(message.payload);
    try {
      if (!parsed.success) throw new AppError('invalid_request', { cause: parsed.error, message: 'malformed payload' });
      if (isWorkersDeath(message)) throw vanished();
      await conclude(message, await handler.work(parsed.data as Payload<T>, lease, own));
      done += 1;
      log.info('message done', { attempts: message.attempts, durationMs: Math.round(deps.monotonicMs() - started) });
      await judge(claimed, undefined);
    } catch (caught) {
      const error = caught instanceof AppError ? caught : new AppError('internal', { cause: caught });
      const abandon = parsed.success ? handler.abandon?.(parsed.data as Payload<T>, error, own) : undefined;
      const droppable = handler.droppable ?? false;
      const ending = async () => {
        await judge(claimed, error);
        if (error.code === 'lease_lost') throw error;
        await giveBack(deps.store, { message, error, droppable, abandon }, own);
      };
      await ending().catch((reason: unknown) => {
        if (reason instanceof AppError && reason.code === 'lease_lost') {
          log.warn('the lease was lost; its new holder continues');
        } else {
          // The lease expires by itself; then the next worker tries.
          log.error('message could not be given back', describeError(reason));
        }
      });
    }
  };

  const claimSome = claimMessages(deps, names, LEASE_SECONDS);
  const claim = async (free: number): Promise<number> => {
    const claimedAt = deps.monotonicMs();
    const some = await claimSome(free);
    for (const each of some) {
      const work: Promise<void> = handle(each, claimedAt).finally(() => underWay.delete(work));
      underWay.add(work);
    }
    return some.length;
  };

  let idleSince = deps.monotonicMs();
  try {
    while (deps.monotonicMs() < end && !context.signal.aborted) {
      const claimed = underWay.size < PARALLEL ? await claim(PARALLEL - underWay.size) : 0;
      if (claimed > 0 || underWay.size > 0) {
        if (claimed === 0) await Promise.race(underWay);
        idleSince = deps.monotonicMs();
        continue;
      }
      // A due message that cannot be claimed waits for its lane or provider. It is not worth waiting long: the timer runs every
      // minute.
      const due = await deps.outbox.nextDueSeconds(names);
      const waited = (deps.monotonicMs() - idleSince) / 1000;
      if (due === undefined || waited + due > LINGER_SECONDS) break;
      await deps.sleep(Math.max(50, due * 1000), context.signal);
    }
  } finally {
    // Also when the database became unavailable: nothing may run after the response.
    await Promise.all(underWay);
  }
  return done;
}
