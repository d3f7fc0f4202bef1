/** Longer waits are not believed: a mistake in a header must not hold work up forever. */
const MAX_SECONDS = 24 * 60 * 60;

/** A `Retry-After` header (RFC 9110 §10.2.3: seconds, or a date) in whole seconds, at most a day. Undefined when it states no wait. */
export function readRetryAfter(value: string | null | undefined, nowMs: number): number | undefined {
  if (!value) return undefined;
  const seconds = /^\s*\d+\s*$/.test(value) ? Number(value) : (Date.parse(value) - nowMs) / 1000;
  return seconds > 0 ? Math.min(Math.ceil(seconds), MAX_SECONDS) : undefined;
}
