import { errors } from '../contracts/errors.ts';
import { AppError, type ErrorCode } from '../kernel/app-error.ts';

export interface ErrorBody {
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly details?: Readonly<Record<string, unknown>>;
  };
  readonly request_id: string;
}

export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ErrorBody;
}

const RETRY_AFTER_SECONDS = 10;

function headersOf(status: number, details: AppError['details']): Record<string, string> {
  if (status === 503 || status === 429 || details?.retryAfterSeconds !== undefined)
    return { 'retry-after': String(details?.retryAfterSeconds ?? RETRY_AFTER_SECONDS) };
  if (status === 401) return { 'www-authenticate': 'Bearer' };
  if (status === 405 && Array.isArray(details?.allowed)) return { allow: details.allowed.join(', ') };
  return {};
}

/** The only place that turns an error into a response. Anything but an `AppError` is `internal`, without its reason. */
export function errorAnswer(error: unknown, requestId: string): ErrorAnswer {
  const known = error instanceof AppError ? error : new AppError('internal', { cause: error });
  const entry = errors[known.code];
  return {
    status: entry.status,
    headers: headersOf(entry.status, known.details),
    body: {
      error: { code: known.code, message: entry.text, ...(known.details ? { details: known.details } : {}) },
      request_id: requestId,
    },
  };
}
