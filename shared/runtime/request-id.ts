import { randomUUID } from 'node:crypto';

const REQUEST_ID = /^[\w=:.-]{1,128}$/;

/** The first acceptable id; a caller's own id is used only when it cannot break a log line. */
export function requestIdFrom(...candidates: readonly (string | null | undefined)[]): string {
  return candidates.find((candidate) => candidate && REQUEST_ID.test(candidate)) ?? randomUUID();
}
