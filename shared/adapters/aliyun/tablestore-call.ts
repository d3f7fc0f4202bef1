import type { Client } from 'tablestore';
import { AppError } from '../../kernel/app-error.ts';
import { platformRefusal } from './platform-refusal.ts';
import { observingWait } from './stated-wait.ts';

export interface TablestoreConfig {
  /** Including the scheme, e.g. `https://miaobu.cn-hangzhou.vpc.tablestore.aliyuncs.com`. */
  readonly endpoint: string;
  readonly instance: string;
  /** Read before every call: the credentials of a function's role rotate. */
  readonly credentials: () => {
    readonly accessKeyId: string;
    readonly accessKeySecret: string;
    readonly securityToken?: string | undefined;
  };
  /** For one whole call. Default 10 s. */
  readonly timeoutMs?: number;
}

/** The SDK takes 800 KB and 40 ms, so it is loaded by the first call. */
const loadSdk = async () => (await import('tablestore')).default;
export type TablestoreSdk = Awaited<ReturnType<typeof loadSdk>>;

const DEFAULT_TIMEOUT_MS = 10_000;

/** Transient states of the service ("Error codes" in its documentation, column Retry). */
const PASSING = new Set([
  'OTSCapacityUnitExhausted',
  'OTSInternalServerError',
  'OTSNotEnoughCapacityUnit',
  'OTSPartitionUnavailable',
  'OTSRequestTimeout',
  'OTSRowOperationConflict',
  'OTSServerBusy',
  'OTSServerUnavailable',
  'OTSTableNotReady',
  'OTSTimeout',
]);

/** Too many requests at present. */
const THROTTLED = new Set(['OTSFlowControl', 'OTSOperationThrottled', 'OTSQuotaExhausted']);

/**
 * Runs calls of Tablestore's SDK, each with its own client and under one deadline. Errors and timeouts become an `AppError`, see
 * `otsAppError`.
 */
export function tablestoreCall(config: TablestoreConfig) {
  const timeoutMs = config.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  return async <Result>(run: (client: Client, sdk: TablestoreSdk) => Promise<Result>): Promise<Result> => {
    const sdk = await loadSdk();
    const { accessKeyId, accessKeySecret, securityToken } = config.credentials();
    const client = new sdk.Client({
      endpoint: config.endpoint,
      instancename: config.instance,
      accessKeyId,
      accessKeySecret,
      ...(securityToken === undefined ? {} : { securityToken }),
      // The SDK would retry up to 20 times for up to a minute; our callers have their own retries.
      maxRetries: 0,
      httpOptions: { timeout: timeoutMs },
    });
    return observingWait(async (statedWait) => {
      try {
        return await beforeDeadline(run(client, sdk), timeoutMs);
      } catch (error) {
        throw asAppError(error, statedWait());
      }
    });
  };
}

/**
 * The `OTS…` code of an error thrown by the SDK. The SDK puts the HTTP status into `code`, and into `message` the undecoded protobuf
 * response, which contains the code between control characters.
 */
export function otsCodeOf(error: unknown): string | undefined {
  return error instanceof Error ? /OTS[A-Z][A-Za-z]+/.exec(error.message)?.[0] : undefined;
}

/**
 * Maps a Tablestore error: `log_store_unavailable` when a retry may help, `vendor_throttled` when it asks to slow down,
 * `platform_misconfigured` when it refuses the platform as such, else `vendor_rejected`.
 */
export function otsAppError(otsCode: string, cause?: unknown, statedWait?: number): AppError {
  const options = { message: `Tablestore answered ${otsCode}`, cause };
  const asked = statedWait === undefined ? undefined : { retryAfterSeconds: statedWait };
  if (THROTTLED.has(otsCode)) {
    return new AppError('vendor_throttled', { ...options, details: { service: 'log_store', ...asked } });
  }
  if (PASSING.has(otsCode))
    return new AppError('log_store_unavailable', { ...options, ...(asked && { details: asked }) });
  const refused = platformRefusal({ service: 'log_store', statusCode: undefined, code: otsCode, cause });
  return refused ?? new AppError('vendor_rejected', options);
}

function asAppError(error: unknown, statedWait: number | undefined): unknown {
  if (error instanceof AppError) return error;
  const otsCode = otsCodeOf(error);
  if (otsCode) return otsAppError(otsCode, error, statedWait);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const isOutage = code === 'NetworkingError' || code === 'DeadlinePassed' || (typeof code === 'number' && code >= 500);
  if (!isOutage) return error;
  const options = { message: 'Tablestore does not answer', cause: error };
  const asked = statedWait === undefined ? undefined : { retryAfterSeconds: statedWait };
  return new AppError('log_store_unavailable', { ...options, ...(asked && { details: asked }) });
}

/** The SDK waits forever when a response breaks off half way: the socket is gone, and its timeout with it. */
async function beforeDeadline<Result>(work: Promise<Result>, ms: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    const passed = Object.assign(new Error(`no complete answer within ${ms} ms`), { code: 'DeadlinePassed' });
    timer = setTimeout(() => reject(passed), ms);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
