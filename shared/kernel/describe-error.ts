import { AppError } from './app-error.ts';
import type { LogFields } from './log.ts';

/** An error as log fields: code, stack, and the same of its causes. */
export function describeError(error: unknown, depth = 0): LogFields {
  if (!(error instanceof Error)) return { error: String(error) };
  const code = error instanceof AppError ? error.code : (error as { code?: unknown }).code;
  return {
    error: error.message,
    ...(code === undefined ? {} : { code }),
    stack: error.stack?.split('\n').slice(1, 8).join('\n'),
    ...(error.cause === undefined || depth >= 3 ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
}
