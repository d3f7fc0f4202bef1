import { AppError } from '../kernel/app-error.ts';

/** The SQLSTATEs we distinguish (PostgreSQL documentation, appendix A). */
const SQLSTATE = {
  uniqueViolation: '23505',
  foreignKeyViolation: '23503',
  serializationFailure: '40001',
  deadlockDetected: '40P01',
  characterNotInRepertoire: '22021',
  untranslatableCharacter: '22P05',
  featureNotSupported: '0A000',
} as const;

const stringField = (error: unknown, field: 'code' | 'constraint' | 'routine') => {
  const value = typeof error === 'object' && error !== null ? (error as Record<string, unknown>)[field] : undefined;
  return typeof value === 'string' ? value : undefined;
};

/** Whether a statement violated this unique constraint or index (any, when none is named). */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  const cause = error instanceof AppError ? error.cause : error;
  return (
    stringField(cause, 'code') === SQLSTATE.uniqueViolation &&
    (constraint === undefined || stringField(cause, 'constraint') === constraint)
  );
}

/** Lost a race that a retry of the transaction may win. */
export const isTransient = (error: unknown) => {
  const code = stringField(error, 'code');
  return code === SQLSTATE.serializationFailure || code === SQLSTATE.deadlockDetected;
};

/** A prepared statement would now return other columns than when it was planned: "cached plan must not change result type". */
export const isOutdatedPlan = (error: unknown) =>
  stringField(error, 'code') === SQLSTATE.featureNotSupported &&
  stringField(error, 'routine') === 'RevalidateCachedQuery';

/** Text with a NUL character, which JSON can carry but Postgres cannot store (neither in text nor in jsonb). */
export const isUnstorableText = (error: unknown) => {
  const code = stringField(error, 'code');
  return code === SQLSTATE.characterNotInRepertoire || code === SQLSTATE.untranslatableCharacter;
};

// Connection exceptions, insufficient resources, operator intervention (shutdown, crash, statement timeout), lock timeout,
// read-only server; and Node's own.
const UNAVAILABLE = /^(08|53|57|55P03|25006|ECONN|EHOST|ENET|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN)/;

/** The database is unavailable at present, as opposed to rejecting a wrong statement. */
export const isUnavailable = (error: unknown) => {
  const code = stringField(error, 'code');
  if (code !== undefined) return UNAVAILABLE.test(code);
  return error instanceof Error && /timeout|terminated|Connection/i.test(error.message);
};

/** Postgres did not answer in the time that the caller granted (`query_timeout` of pg), and the connection was cut. */
export const isUnanswered = (error: unknown): error is Error =>
  error instanceof Error && error.message === 'Query read timeout';
