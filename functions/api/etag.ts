import { createHash } from 'node:crypto';
import { AppError } from '@miaobu/shared/kernel/app-error';

/**
 * The version of one thing, from all that is shown of it: whatever two people could decide differently on changes it. Strong (RFC 9110 §8.8.3):
 * the coding of an answer is told apart by what follows the `+`.
 */
export const etagOf = (data: unknown): string =>
  `"${createHash('sha256').update(JSON.stringify(data)).digest('base64url').slice(0, 22)}"`;

/** The same for an answer that is sent in a coding. */
export const etagInCoding = (etag: string, coding: string): string => etag.replace(/"$/, `+${coding}"`);

/** Whether one of the tags of `If-Match` or `If-None-Match` is this one, in whatever coding; `*` is any. */
export function namesEtag(header: string, etag: string): boolean {
  if (header.trim() === '*') return true;
  const opaque = (tag: string) => tag.replace(/^W\//, '').replace(/\+\w+"$/, '"');
  return (header.match(/(?:W\/)?"[^"]*"/g) ?? []).some((tag) => opaque(tag) === opaque(etag));
}

/**
 * Throws `precondition_failed` unless the caller means what is there now (or did not say). `current` is what a GET would show, read behind
 * the lock that the change is made under.
 */
export function assertUnchanged(ifMatch: string | undefined, current: unknown): void {
  if (ifMatch !== undefined && !namesEtag(ifMatch, etagOf(current))) throw new AppError('precondition_failed');
}
