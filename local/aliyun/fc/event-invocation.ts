import type { IncomingMessage } from 'node:http';
import { readBody } from '../../wire/emulator.ts';
import { fcHeaders } from './fc-headers.ts';
import type { Lease } from './instance-pool.ts';

/** The size limit of a synchronous invocation, for request and response. */
export const MAX_SYNC_BODY_BYTES = 32 * 1024 * 1024;

export interface EventInvocation {
  readonly requestId: string;
  readonly payload: Buffer;
  /** How often this event failed before. */
  readonly retryCount: number;
  /** Aborts when nobody waits for the answer any longer. */
  readonly signal: AbortSignal;
}

export interface EventOutcome {
  /** `function-error`: the function failed, took too long or died; `body` then says so. */
  readonly kind: 'success' | 'function-error';
  readonly body: Buffer;
}

/** What FC puts in the body for a failure the function could not describe itself. */
const functionError = (errorType: string, errorMessage: string): EventOutcome => ({
  kind: 'function-error',
  body: Buffer.from(JSON.stringify({ errorType, errorMessage })),
});

export const timedOut = (seconds: number) => `Function timed out after ${seconds} seconds`;
export const EXITED = 'Process exited unexpectedly before completing request';

/**
 * Sends an event to an instance as `POST /invoke`, and releases the lease. A custom runtime reports a failure with
 * `x-fc-status: 404` or a status that is not 2xx. Rejects only with the caller's own signal.
 */
export async function invokeEvent(lease: Lease, invocation: EventInvocation): Promise<EventOutcome> {
  const { instance } = lease;
  const { plan } = instance;
  const { requestId, payload, retryCount, signal } = invocation;
  const timeout = AbortSignal.timeout(plan.timeout * 1000);
  try {
    const answer = await instance.request({
      method: 'POST',
      path: '/invoke',
      headers: {
        ...fcHeaders(plan, '/invoke', requestId, { 'x-fc-retry-count': String(retryCount) }),
        'content-type': 'application/octet-stream',
        'content-length': String(payload.length),
      },
      send: (body) => body.end(payload),
      signal: AbortSignal.any([signal, timeout]),
    });
    const body = await readBody(answer, MAX_SYNC_BODY_BYTES);
    lease.release();
    return { kind: succeeded(answer) ? 'success' : 'function-error', body };
  } catch (error) {
    if (signal.aborted) {
      lease.release();
      throw error;
    }
    lease.release({ condemn: true });
    if (error instanceof RangeError)
      return functionError('UnhandledInvocationError', `the answer is over ${MAX_SYNC_BODY_BYTES} bytes`);
    if (timeout.aborted) return functionError('FunctionTimedout', timedOut(plan.timeout));
    return functionError('UnhandledInvocationError', EXITED);
  }
}

function succeeded(answer: IncomingMessage): boolean {
  const { statusCode = 0 } = answer;
  const status = answer.headers['x-fc-status'];
  return (status === undefined || status === '200') && statusCode >= 200 && statusCode <= 299;
}
