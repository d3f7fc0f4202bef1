import type { StreamedEvent } from '../operation.ts';

export interface StreamOptions<Data> {
  /** Ends the stream; the reader reconnects with `Last-Event-ID`. */
  readonly signal: AbortSignal;
  /** Validates an event's data: throws when it is invalid. */
  readonly parse: (data: Data) => unknown;
  readonly heartbeatMs?: number;
  /** Runs with every heartbeat. */
  readonly onHeartbeat?: () => Promise<void>;
  /** Runs once, however the stream ended: with the error, if it was one. */
  readonly onEnd?: (error?: unknown) => unknown;
}

const HEARTBEAT_MS = 15_000;
const RECONNECT_MS = 1000;

const line = (field: string, value: string) => {
  if (/[\r\n\0]/.test(value)) throw new Error(`the ${field} of an event would end its line`);
  return `${field}: ${value}\n`;
};

const frame = ({ id, event, data }: StreamedEvent<unknown>) =>
  `${id === undefined ? '' : line('id', id)}${event === undefined ? '' : line('event', event)}${line('data', JSON.stringify(data))}\n`;

/** The promise, or whichever came first: the timeout or the signal. */
function within<T>(promise: Promise<T>, ms: number, signal: AbortSignal): Promise<T | 'quiet' | 'over'> {
  if (signal.aborted) return Promise.resolve('over');
  return new Promise((resolve, reject) => {
    const settle = (word: 'quiet' | 'over') => {
      forget();
      resolve(word);
    };
    const over = () => settle('over');
    const timer = setTimeout(() => settle('quiet'), Math.max(0, ms));
    const forget = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', over);
    };
    signal.addEventListener('abort', over, { once: true });
    promise.then(resolve, reject).finally(forget);
  });
}

async function* framesOf<Data>(events: AsyncIterable<StreamedEvent<Data>>, options: StreamOptions<Data>) {
  const { signal, parse, heartbeatMs = HEARTBEAT_MS, onHeartbeat, onEnd } = options;
  const iterator = events[Symbol.asyncIterator]();
  let failure: unknown;
  try {
    yield line('retry', String(RECONNECT_MS));
    let beatAt = performance.now() + heartbeatMs;
    let next = iterator.next();
    for (;;) {
      const turn = await within(next, beatAt - performance.now(), signal);
      if (turn === 'over') return;
      if (turn === 'quiet') {
        await onHeartbeat?.();
        beatAt = performance.now() + heartbeatMs;
        yield ': still here\n\n';
        continue;
      }
      if (turn.done) {
        yield 'event: end\ndata: {}\n\n';
        return;
      }
      yield frame({ ...turn.value, data: parse(turn.value.data) });
      next = iterator.next();
      next.catch(() => {});
    }
  } catch (error) {
    failure = error;
  } finally {
    // Not awaited: it queues behind a `next` that may never settle.
    iterator.return?.().catch(() => {});
    await onEnd?.(failure);
  }
}

/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): each event's data as JSON, and a comment every 15
 * s as a keep-alive for proxies and readers. When the source is exhausted, the last event is `end`; after a stream that closes without it
 * the reader should reconnect.
 */
export function eventStream<Data>(
  events: AsyncIterable<StreamedEvent<Data>>,
  options: StreamOptions<Data>,
): ReadableStream<Uint8Array> {
  const gone = new AbortController();
  const frames = framesOf(events, { ...options, signal: AbortSignal.any([options.signal, gone.signal]) });
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await frames.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      gone.abort();
      await frames.return(undefined);
    },
  });
}
