import type { PathPattern, PatternSegment } from '@miaobu/shared/contracts/rule-pattern';

/** What a pattern captured, decoded, by name. */
export type Captures = ReadonlyMap<string, string>;

/** A path in the form that patterns are matched against. */
export interface SplitPath {
  readonly segments: readonly string[];
  readonly endsInSlash: boolean;
}

/** `path` comes from `decodeSitePath`. */
export function splitPath(path: string): SplitPath {
  const endsInSlash = path.endsWith('/');
  const inner = endsInSlash ? path.slice(0, -1) : path;
  return { segments: path === '' ? [] : inner.split('/'), endsInSlash };
}

/** What the pattern captures from the path; undefined when it does not match. Reads every character at most twice. */
export function matchPath({ head, splat, tail }: PathPattern, path: SplitPath): Captures | undefined {
  const { segments, endsInSlash } = path;
  const fixed = head.length + tail.length;
  const lacks = splat ? segments.length < fixed + splat.atLeast : segments.length !== fixed;
  if (lacks) return undefined;
  const captures = new Map<string, string>();
  const fits = (pattern: PatternSegment, segment = '') => {
    if (typeof pattern === 'string') return pattern === segment;
    captures.set(pattern.name, segment);
    return segment !== '';
  };
  const tailFrom = segments.length - tail.length;
  if (!head.every((pattern, index) => fits(pattern, segments[index]))) return undefined;
  if (!tail.every((pattern, index) => fits(pattern, segments[tailFrom + index]))) return undefined;
  if (splat) {
    const { before, after } = splat;
    const middle = segments.slice(head.length, tailFrom).join('/');
    if (middle.length < before.length + after.length) return undefined;
    if (!middle.startsWith(before) || !middle.endsWith(after)) return undefined;
    const rest = middle.slice(before.length, middle.length - after.length);
    captures.set('splat', rest !== '' && endsInSlash && tail.length === 0 && after === '' ? `${rest}/` : rest);
  }
  return captures;
}
