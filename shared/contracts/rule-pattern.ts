// The paths that a routing rule speaks of, as text: segments between slashes, percent-decoded, NFC. A segment is a literal, a
// placeholder (`:name`, exactly one segment), or has the one `*` of the pattern, which stands for everything, slashes too:
// `/blog/*`, `/*.jpg`, `/docs/*/old`. A last segment that is nothing but `*` also stands for nothing (`/blog/*` is `/blog`, too);
// `**` there stands for at least one segment. A slash at the end makes no difference. What `*` stood for is called `splat`.
//
// There is no regular expression in it, so that matching is one walk from both ends, however the pattern looks.
//
// No zod in this file: the edge routine bundles it.

/** A pattern that was read. */
export interface PathPattern {
  readonly head: readonly PatternSegment[];
  readonly splat: Splat | undefined;
  readonly tail: readonly PatternSegment[];
  /** Of everything that is captured, `splat` too. */
  readonly names: readonly string[];
}

export type PatternSegment = string | { readonly name: string };

export interface Splat {
  /** What the part of the path that it stands for begins and ends with. */
  readonly before: string;
  readonly after: string;
  /** How many segments that part has at least. */
  readonly atLeast: 0 | 1;
}

const NAME = /^[A-Za-z]\w{0,50}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is refused
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

/** Reads a pattern; what is wrong with it comes back as the end of a sentence that begins with the pattern. */
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

/** `:name` in a target or in the value of a header; only names that the pattern has mean anything. */
export const PLACEHOLDER = /:([A-Za-z]\w*)/g;
