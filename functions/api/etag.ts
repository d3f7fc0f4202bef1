import { createHash } from 'node:crypto';
import { AppError } from '@miaobu/shared/kernel/app-error';

/**
 * The version of a resource, computed from everything shown of it: anything that could affect a user's decision changes it. Strong (RFC
 * 9110 §8.8.3): content codings are distinguished by the part after the `+`.
 */
export const etagOf = (data: unknown): string =>
  `"${createHash('sha256').update(JSON.stringify(data)).digest('base64url').slice(0, 22)}"`;

/** The same for an encoded response. */
export const etagInCoding = (etag: string, coding: string): string => etag.replace(/"$/, `+${coding}"`);

/** Whether a tag in `If-Match` or `If-None-Match` is this one, in any coding; `*` matches any. */
export function namesEtag(header: string, etag: string): boolean {
  if (header.trim() === '*') return true;
  const opaque = (tag: string) => tag.replace(/^W\//, '').replace(/\+\w+"$/, '"');
  return (header.match(/(?:W\/)?"[^"]*"/g) ?? []).some((tag) => opaque(tag) === opaque(etag));
}

/**
 * Throws `precondition_failed` unless the caller's version is the current one (or none was given). `current` is what a GET would show,
 * read under the lock of the change.
 */
export function assertUnchanged(ifMatch: string | undefined, current: unknown): void {
  if (ifMatch !== undefined && !namesEtag(ifMatch, etagOf(current))) throw new AppError('precondition_failed');
}
