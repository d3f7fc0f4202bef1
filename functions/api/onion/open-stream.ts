import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Context } from '@miaobu/shared/kernel/context';
import { describeError } from '@miaobu/shared/kernel/describe-error';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Actor, StreamedEvent } from '../operation.ts';
import { eventStream } from './event-stream.ts';

export interface Deps {
  readonly store: Pick<Store, 'eventStreams'>;
  /** Fires when the instance is about to end. */
  readonly stopping: AbortSignal;
}

const STREAMS_PER_USER = 5;
/** For a stream that is not renewed (every 15 s): its instance has crashed. */
const LEASE_SECONDS = 45;
/** Less than Function Compute's request timeout (s.yaml): the stream ends first, and its reader reconnects with a valid credential. */
const STREAM_MS = 240_000;
const RETRY_SECONDS = 15;

/**
 * A streaming response. It ends with its source, when its reader disconnects, when the instance stops, and after four minutes. A user may
 * have five; the next is `rate_limited`.
 */
export function openStream({ store, stopping }: Deps) {
  return async (
    actor: Actor | undefined,
    { log, signal }: Context,
    open: (signal: AbortSignal) => Promise<AsyncIterable<StreamedEvent<unknown>>>,
    parse: (data: unknown) => unknown,
  ): Promise<ReadableStream<Uint8Array>> => {
    const slot = actor && (await store.eventStreams.open(actor.user.id, STREAMS_PER_USER, LEASE_SECONDS));
    if (actor && !slot) {
      const details = { limit: 'streams', max: STREAMS_PER_USER, retryAfterSeconds: RETRY_SECONDS };
      throw new AppError('rate_limited', { details });
    }
    const warn = (error: unknown) => log.warn('the slot of a stream was not kept up', describeError(error));
    const renew = async () => {
      if (slot) await store.eventStreams.renew(slot, LEASE_SECONDS).catch(warn);
    };
    const close = async () => {
      // A slot that is not closed is freed when its lease expires.
      if (slot) await store.eventStreams.close(slot).catch(warn);
    };
    const ended = AbortSignal.any([signal, stopping, AbortSignal.timeout(STREAM_MS)]);
    try {
      return eventStream(await open(ended), {
        signal: ended,
        parse,
        onHeartbeat: renew,
        onEnd: async (error) => {
          if (error !== undefined) log.error('stream failed', describeError(error));
          await close();
        },
      });
    } catch (error) {
      await close();
      throw error;
    }
  };
}
