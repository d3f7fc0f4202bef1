import type { WakeUp } from '../../contracts/messages.ts';
import type { Doorbell } from '../../ports/doorbell.ts';
import { type Acs3Credentials, acs3Headers } from './acs3-request.ts';

const FC_VERSION = '2023-03-30';
const RING_TIMEOUT_MS = 500;

/**
 * The doorbell as an asynchronous call of Function Compute 3.0 (`InvokeFunction` with `x-fc-invocation-type: Async`).
 * Without a task id: Function Compute would refuse a second ring with the same one.
 */
export function fcDoorbell(config: {
  /** Origin of the FC API, e.g. `https://{account}.{region}.fc.aliyuncs.com`. */
  readonly endpoint: string;
  readonly functionName: string;
  readonly credentials: () => Acs3Credentials;
  readonly log: { warn(message: string, fields: Readonly<Record<string, unknown>>): void };
}): Doorbell {
  const { host, origin } = new URL(config.endpoint);
  const path = `/${FC_VERSION}/functions/${config.functionName}/invocations`;
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
      const response = await fetch(`${origin}${path}`, {
        method: 'POST',
        headers: { ...headers, 'x-fc-invocation-type': 'Async' },
        // Bytes, because fetch adds a content type of its own to a string, after the signature.
        body: Buffer.from(body),
        signal: AbortSignal.timeout(RING_TIMEOUT_MS),
      });
      await response.body?.cancel();
      if (!response.ok) lost(requestId, `Function Compute answered ${response.status}`);
    } catch (error) {
      lost(requestId, String(error));
    }
  };
  return { ring: together(call) };
}

/**
 * Whoever rings while a call is under way shares the next one with all who come until it begins: it wakes for what each of them had
 * committed. So nobody waits for more than two, and a burst of pushes is not a burst of calls.
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
