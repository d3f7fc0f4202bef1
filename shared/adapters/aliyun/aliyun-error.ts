import { AppError, type ErrorCode } from '../../kernel/app-error.ts';
import { platformRefusal } from './platform-refusal.ts';

/** Codes of transient errors, whatever their status. Source: the error tables of ESA and Alibaba Cloud DNS. */
const PASSING = new Set(['InternalError', 'InternalException', 'ServiceInvokeFailed', 'ServiceUnavailable']);
const PASSING_SUFFIX = /\.(ServiceBusy|Reserved|NoResource)$/;
const THROTTLED = /^(Throttling(\..+)?|TooManyRequests|TooQuickRequests)$/;

/** The vendor's own code, such as `InvalidKey.NotFound`; undefined for anything but a vendor's response. */
export function aliyunErrorCode(error: unknown): string | undefined {
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown };
  return typeof statusCode === 'number' && typeof code === 'string' ? code : undefined;
}

/**
 * Maps an error of Alibaba Cloud's SDKs: to `vendor_throttled` (`details.service`, as in the code `{service}_unavailable`); to
 * `unavailable` when a retry may succeed, which includes no response at all; to `platform_misconfigured` when the platform's own access is
 * refused; to `vendor_rejected` when the same request will be refused again. `statedWait` (seconds) goes into the first two. The vendor's
 * text is for the log only.
 */
export function aliyunError(error: unknown, unavailable: ErrorCode, statedWait?: number): AppError {
  if (error instanceof AppError) return error;
  const { statusCode, accessDeniedDetail } = (error ?? {}) as { statusCode?: unknown; accessDeniedDetail?: unknown };
  const code = aliyunErrorCode(error) ?? '';
  const service = unavailable.replace(/_unavailable$/, '');
  const options = { cause: error, message: `Alibaba Cloud: ${describe(error)}` };
  const asked = statedWait === undefined ? undefined : { retryAfterSeconds: statedWait };
  if (statusCode === 429 || THROTTLED.test(code)) {
    return new AppError('vendor_throttled', { ...options, details: { service, ...asked } });
  }
  if (typeof statusCode !== 'number' || statusCode >= 500 || PASSING.has(code) || PASSING_SUFFIX.test(code)) {
    return new AppError(unavailable, { ...options, ...(asked && { details: asked }) });
  }
  const { AuthAction: permission } = (accessDeniedDetail ?? {}) as { AuthAction?: unknown };
  const named = typeof permission === 'string' ? { permission } : {};
  const refused = platformRefusal({ service, statusCode, code, ...named, cause: error });
  return refused ?? new AppError('vendor_rejected', options);
}

/** Awaits a call; a refusal with one of these codes means that the requested state already exists. */
export async function unlessAliyunCode(codes: readonly string[], attempt: Promise<unknown>): Promise<void> {
  try {
    await attempt;
  } catch (error) {
    const code = error instanceof AppError ? aliyunErrorCode(error.cause) : undefined;
    if (code === undefined || !codes.includes(code)) throw error;
  }
}

const describe = (error: unknown) =>
  error instanceof Error ? `${aliyunErrorCode(error) ?? error.name}, ${error.message}` : String(error);
