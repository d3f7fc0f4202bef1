import type { Encoding } from './choose-encoding.ts';

/**
 * The strong ETag of one stored form of a file. It names the file's content, and the coding where there is one: each
 * coding has bytes of its own, and a strong tag vouches for bytes (RFC 9110 §8.8.1).
 */
export const entityTag = (sha256: string, encoding: Encoding): string =>
  encoding === 'identity' ? `"${sha256}"` : `"${sha256}-${encoding}"`;

/** Whether a list of tags (If-Match, If-None-Match) names `tag`. Weak comparison takes `W/"x"` for `"x"`. */
export function namesTag(list: string, tag: string, comparison: 'strong' | 'weak'): boolean {
  if (list.trim() === '*') return true;
  return list.split(',').some((item) => {
    const candidate = item.trim();
    return (comparison === 'weak' && candidate.startsWith('W/') ? candidate.slice(2) : candidate) === tag;
  });
}
