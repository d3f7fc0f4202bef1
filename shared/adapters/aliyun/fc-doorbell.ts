import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { WakeUp } from '../../contracts/messages.ts';
import type { Doorbell } from '../../ports/doorbell.ts';
import { type Acs3Credentials, acs3Headers } from './acs3-request.ts';

const FC_VERSION = '2023-03-30';

/**
 * The doorbell as an asynchronous call of Function Compute 3.0 (`InvokeFunction` with `x-fc-invocation-type: Async`). Without a task id:
 * Function Compute would refuse a second ring with the same one.
 */
export function fcDoorbell(config: {
  /** Origin of the FC API, e.g. `https://{account}.{region}.fc.aliyuncs.com`. */
  readonly endpoint: string;
  readonly functionName: string;
  readonly credentials: () => Acs3Credentials;
  /** Default 500 ms. */
  readonly timeoutMs?: number;
  readonly log: { warn(message: string, fields: Readonly<Record<string, unknown>>): void };
}): Doorbell {
  const { host, hostname, port, protocol } = new URL(config.endpoint);
  const path = `/${FC_VERSION}/functions/${config.functionName}/invocations`;
  const post = poster(protocol, config.timeoutMs ?? 500);
  const lost = (requestId: string, why: string) => config.log.warn('the doorbell was not heard', { requestId, why });
  const call = async (requestId: string): Promise<void> => {
    const body = JSON.stringify({ request_id: requestId } satisfies WakeUp);
    try {
      const headers = acs3Headers(
        {
          method: 'POST',
          host,
          path,
          action: 'InvokeFunction',
          version: FC_VERSION,
          body,
          contentType: 'application/octet-stream',
        },
        config.credentials(),
      );
      const status = await post(
        { hostname, port, path, method: 'POST', headers: { ...headers, 'x-fc-invocation-type': 'Async' } },
        body,
      );
      if (status < 200 || status > 299) lost(requestId, `Function Compute answered ${status}`);
    } catch (error) {
      lost(requestId, String(error));
    }
  };
  return { ring: together(call) };
}

/**
 * Sends requests and returns the status of their responses. Not `fetch`, which costs several times as much. A connection may have been
 * closed while idle, which shows only when it is used: then the request is retried once, because rings are idempotent.
 */
function poster(protocol: string, timeoutMs: number): (options: RequestOptions, body: string) => Promise<number> {
  const [request, agent] =
    protocol === 'https:'
      ? [httpsRequest, new HttpsAgent({ keepAlive: true })]
      : [httpRequest, new HttpAgent({ keepAlive: true })];
  const post = (options: RequestOptions, body: string, isRepeated = false): Promise<number> =>
    new Promise((resolve, reject) => {
      const outgoing = request({ ...options, agent }, (answer: IncomingMessage) => {
        clearTimeout(limit);
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      const limit = setTimeout(() => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(limit);
        const wasAtRest = outgoing.reusedSocket && error.code === 'ECONNRESET';
        if (wasAtRest && !isRepeated) post(options, body, true).then(resolve, reject);
        else reject(error);
      });
      outgoing.end(body);
    });
  return post;
}

/**
 * Rings during a call share the next one, with all that arrive before it starts: it wakes the worker for what each had committed. So no
 * ring waits for more than two calls, and a burst of pushes is not a burst of calls.
 */
function together(call: (requestId: string) => Promise<void>): (requestId: string) => Promise<void> {
  let underWay = Promise.resolve();
  let next: Promise<void> | undefined;
  return (requestId) => {
    next ??= underWay.then(() => {
      next = undefined;
      underWay = call(requestId);
      return underWay;
    });
    return next;
  };
}
