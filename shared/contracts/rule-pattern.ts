// The path pattern of a routing rule: segments between slashes, percent-decoded, NFC. A segment is a literal, a placeholder
// (`:name`, exactly one segment), or contains the pattern's only `*`, which matches anything, including slashes: `/blog/*`,
// `/*.jpg`, `/docs/*/old`. A last segment `*` also matches nothing (`/blog/*` matches `/blog`); `**` there matches at least one
// segment. A trailing slash makes no difference. The text that `*` matched is called `splat`.
//
// Patterns are not regular expressions, so matching any of them is one walk from both ends.
//
// No zod in this file: the edge routine bundles it.

/** A parsed pattern. */
export interface PathPattern {
  readonly head: readonly PatternSegment[];
  readonly splat: Splat | undefined;
  readonly tail: readonly PatternSegment[];
  /** Of everything that is captured, including `splat`. */
  readonly names: readonly string[];
}

export type PatternSegment = string | { readonly name: string };

export interface Splat {
  /** The beginning and the end of the part of the path that it matches. */
  readonly before: string;
  readonly after: string;
  /** The fewest segments of that part. */
  readonly atLeast: 0 | 1;
}

const NAME = /^[A-Za-z]\w{0,50}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: it has to match control characters
const FORBIDDEN = /[\u0000-\u001f\u007f\\]/;

function segmentOf(text: string): PatternSegment | { readonly problem: string } {
  if (text === '') return { problem: 'has an empty segment' };
  if (text === '.' || text === '..') return { problem: 'has a . or .. segment' };
  if (!/:[A-Za-z_]/.test(text)) return text;
  const name = text.slice(1);
  if (!text.startsWith(':') || !NAME.test(name)) {
    return { problem: 'has a placeholder that is not a whole segment (a letter, then letters, digits and _)' };
  }
  return { name };
}

function splatOf(text: string, isLast: boolean): Splat | { readonly problem: string } {
  if (isLast && text === '*') return { before: '', after: '', atLeast: 0 };
  if (isLast && text === '**') return { before: '', after: '', atLeast: 1 };
  const [before = '', after = '', ...more] = text.split('*');
  if (more.length > 0) return { problem: 'has more than one *' };
  if (/:[A-Za-z_]/.test(before + after)) return { problem: 'has a placeholder and a * in one segment' };
  return { before, after, atLeast: 1 };
}

/** Parses a pattern. `problem` is the end of a sentence that begins with the pattern. */
export function parsePattern(text: string): PathPattern | { readonly problem: string } {
  if (!text.startsWith('/')) return { problem: 'does not begin with a slash' };
  if (text.startsWith('//')) return { problem: 'has an empty segment' };
  if (FORBIDDEN.test(text)) return { problem: 'has a control character or a backslash' };
  if (text.normalize('NFC') !== text) return { problem: 'is not in Unicode normal form C' };
  const inner = text.slice(1, text.endsWith('/') ? -1 : undefined);
  const parts = inner === '' ? [] : inner.split('/');
  const head: PatternSegment[] = [];
  const tail: PatternSegment[] = [];
  let splat: Splat | undefined;
  for (const [index, part] of parts.entries()) {
    if (part.includes('*')) {
      if (splat) return { problem: 'has more than one *' };
      const found = splatOf(part, index === parts.length - 1);
      if ('problem' in found) return found;
      splat = found;
      continue;
    }
    const segment = segmentOf(part);
    if (typeof segment === 'object' && 'problem' in segment) return segment;
    (splat ? tail : head).push(segment);
  }
  const names = [...head, ...tail].flatMap((segment) => (typeof segment === 'string' ? [] : [segment.name]));
  if (splat) names.push('splat');
  if (new Set(names).size !== names.length) return { problem: 'has one name twice' };
  return { head, splat, tail, names };
}

/** `:name` in a target or in the value of a header; names that the pattern does not have are literal text. */
export const PLACEHOLDER = /:([A-Za-z]\w*)/g;
