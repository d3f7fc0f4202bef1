import type { DatabaseSync } from 'node:sqlite';
import { AcsError } from '../../wire/acs3.ts';
import type { AsyncConfigInput } from './async-config-records.ts';
import { entityTooLarge, stopping } from './fc-errors.ts';
import type { HttpHead } from './http-invocation.ts';

export const MAX_ASYNC_PAYLOAD_BYTES = 128 * 1024;

/** What is invoked: an event, or a request to a web function. */
export type AsyncRequest = { readonly kind: 'event' } | { readonly kind: 'http'; readonly head: HttpHead };

export interface AsyncEvent {
  readonly requestId: string;
  readonly functionName: string;
  readonly request: AsyncRequest;
  readonly payload: Buffer;
}

/** `throttled` does not count as an attempt: the function did not run. */
export type Delivery = 'success' | 'failure' | 'throttled';

export interface AsyncQueue {
  /**
   * Accepts an event; once this returns, it survives the end of this process. Throws 400 for more than 128 KB, and 409
   * for a task id that the function, with `asyncTask`, has already had.
   */
  enqueue(event: AsyncEvent, taskId?: string): void;
  /** Starts delivering, beginning with what an earlier process left. */
  start(): void;
  /** Stops delivering; resolves when the deliveries in progress are done. */
  close(): Promise<void>;
}

export interface AsyncQueueOptions {
  readonly database: DatabaseSync;
  readonly now: () => number;
  readonly configOf: (functionName: string) => AsyncConfigInput;
  /** How many events of a function are delivered at once. */
  readonly capacityOf: (functionName: string) => number;
  readonly deliver: (event: AsyncEvent, failures: number, signal: AbortSignal) => Promise<Delivery>;
  readonly onGivenUp: (event: Omit<AsyncEvent, 'payload'>, why: string) => void;
  /** The first pause; the next ones double. FC's is half a second. */
  readonly retryBaseMs: number;
}

interface Row extends Omit<AsyncEvent, 'payload'> {
  readonly id: number;
  readonly enqueuedAt: number;
  readonly dueAt: number;
  readonly failures: number;
  readonly throttles: number;
}

const TASK_ID = /^[A-Za-z_][A-Za-z0-9_-]{0,127}$/;
const MAX_PAUSE_MS = 60_000;

export function createAsyncQueue(options: AsyncQueueOptions): AsyncQueue {
  const { database, now } = options;
  const running = new Map<number, { functionName: string; done: Promise<void> }>();
  const closing = new AbortController();
  let started = false;
  let wake: NodeJS.Timeout | undefined;

  const pending = (): Row[] =>
    database
      .prepare(
        'select id, request_id, function_name, request, enqueued_at, due_at, failures, throttles from async_events order by due_at, id',
      )
      .all()
      .map((row) => ({
        id: Number(row.id),
        requestId: String(row.request_id),
        functionName: String(row.function_name),
        request: JSON.parse(String(row.request)) as AsyncRequest,
        enqueuedAt: Number(row.enqueued_at),
        dueAt: Number(row.due_at),
        failures: Number(row.failures),
        throttles: Number(row.throttles),
      }))
      .filter((row) => !running.has(row.id));

  const payloadOf = (row: Row) => {
    const stored = database.prepare('select payload from async_events where id = ?').get(row.id);
    return Buffer.from((stored?.payload as Uint8Array | undefined) ?? new Uint8Array());
  };
  const forget = (row: Row) => void database.prepare('delete from async_events where id = ?').run(row.id);
  const giveUp = (row: Row, why: string) => {
    forget(row);
    options.onGivenUp(row, why);
  };
  const again = (row: Row, failures: number, throttles: number) => {
    const pause = Math.min(MAX_PAUSE_MS, options.retryBaseMs * 2 ** Math.max(0, failures + throttles - 1));
    database
      .prepare('update async_events set due_at = ?, failures = ?, throttles = ? where id = ?')
      .run(now() + pause, failures, throttles, row.id);
  };

  const deliver = async (row: Row) => {
    let delivery: Delivery;
    try {
      delivery = await options.deliver({ ...row, payload: payloadOf(row) }, row.failures, closing.signal);
    } catch (error) {
      // What our own exit interrupts is delivered again by the next process: at least once, as FC promises.
      if (closing.signal.aborted) return;
      if (error instanceof AcsError && error.code === 'FunctionNotFound') return giveUp(row, error.message);
      throw error;
    }
    const { maxAsyncRetryAttempts } = options.configOf(row.functionName);
    if (delivery === 'success') forget(row);
    else if (delivery === 'throttled') again(row, row.failures, row.throttles + 1);
    else if (row.failures >= maxAsyncRetryAttempts) giveUp(row, `it failed ${row.failures + 1} times`);
    else again(row, row.failures + 1, row.throttles);
  };

  const dispatch = () => {
    clearTimeout(wake);
    if (!started || closing.signal.aborted) return;
    let nextDue: number | undefined;
    for (const row of pending()) {
      const { maxAsyncEventAgeInSeconds } = options.configOf(row.functionName);
      if (now() - row.enqueuedAt > maxAsyncEventAgeInSeconds * 1000) {
        giveUp(row, `it is older than ${maxAsyncEventAgeInSeconds} seconds`);
        continue;
      }
      if (row.dueAt > now()) {
        nextDue = Math.min(nextDue ?? row.dueAt, row.dueAt);
        continue;
      }
      const busy = [...running.values()].filter(({ functionName }) => functionName === row.functionName).length;
      if (busy >= options.capacityOf(row.functionName)) continue;
      const done = deliver(row)
        .catch((error: unknown) => {
          console.error(error);
          again(row, row.failures, row.throttles + 1);
        })
        .finally(() => {
          running.delete(row.id);
          dispatch();
        });
      running.set(row.id, { functionName: row.functionName, done });
    }
    if (nextDue !== undefined) wake = setTimeout(dispatch, Math.min(MAX_PAUSE_MS, Math.max(0, nextDue - now())));
  };

  return {
    enqueue({ requestId, functionName, request, payload }, taskId) {
      if (payload.length > MAX_ASYNC_PAYLOAD_BYTES) throw entityTooLarge(MAX_ASYNC_PAYLOAD_BYTES);
      if (closing.signal.aborted) throw stopping();
      database.exec('begin immediate');
      try {
        if (taskId !== undefined && options.configOf(functionName).asyncTask) claimTask(functionName, taskId);
        database
          .prepare(
            'insert into async_events (request_id, function_name, request, payload, enqueued_at, due_at) values (?, ?, ?, ?, ?, ?)',
          )
          .run(requestId, functionName, JSON.stringify(request), payload, now(), now());
        database.exec('commit');
      } catch (error) {
        database.exec('rollback');
        throw error;
      }
      // After the answer to the caller is written: FC, too, never runs an event before it answers 202.
      setImmediate(dispatch);
    },
    start() {
      started = true;
      dispatch();
    },
    async close() {
      clearTimeout(wake);
      closing.abort();
      await Promise.all([...running.values()].map(({ done }) => done));
    },
  };

  function claimTask(functionName: string, taskId: string): void {
    if (!TASK_ID.test(taskId))
      throw new AcsError(400, 'InvalidArgument', `x-fc-async-task-id '${taskId}' is not a valid task id`);
    const { changes } = database
      .prepare('insert or ignore into async_tasks (function_name, task_id) values (?, ?)')
      .run(functionName, taskId);
    if (changes === 0)
      throw new AcsError(409, 'StatefulAsyncInvocationAlreadyExists', `async task '${taskId}' already exists`);
  }
}
