import { AppError, type ErrorCode } from '../../kernel/app-error.ts';

/** Codes that mean "not now", whatever status they come with. Source: the error tables of ESA and Alibaba Cloud DNS. */
const PASSING = new Set(['InternalError', 'InternalException', 'ServiceInvokeFailed', 'ServiceUnavailable']);
const PASSING_SUFFIX = /\.(ServiceBusy|Reserved|NoResource)$/;
const THROTTLED = /^(Throttling(\..+)?|TooManyRequests|TooQuickRequests)$/;

/** The vendor's own code, such as `InvalidKey.NotFound`; undefined for what is no answer of the vendor. */
export function aliyunErrorCode(error: unknown): string | undefined {
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown };
  return typeof statusCode === 'number' && typeof code === 'string' ? code : undefined;
}

/**
 * What an error of Alibaba Cloud's SDKs means to us: `vendor_throttled` (`details.service`, as in the code `{service}_unavailable`); `unavailable` when a later try may succeed, which
 * includes no answer at all; `vendor_rejected` when the same request will be refused again. The vendor's text is for the
 * log only.
 */
export function aliyunError(error: unknown, unavailable: ErrorCode): AppError {
  if (error instanceof AppError) return error;
  const { statusCode } = (error ?? {}) as { statusCode?: unknown };
  const code = aliyunErrorCode(error) ?? '';
  const options = { cause: error, message: `Alibaba Cloud: ${describe(error)}` };
  const wrap = (meaning: ErrorCode) => new AppError(meaning, options);
  if (statusCode === 429 || THROTTLED.test(code)) {
    const details = { service: unavailable.replace(/_unavailable$/, '') };
    return new AppError('vendor_throttled', { ...options, details });
  }
  const passing = typeof statusCode !== 'number' || statusCode >= 500 || PASSING.has(code) || PASSING_SUFFIX.test(code);
  return wrap(passing ? unavailable : 'vendor_rejected');
}

/** Waits for a call; a refusal with one of these codes means that what was asked for is the case already. */
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
