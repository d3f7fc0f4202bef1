import { NotSupported } from './rule-collection.ts';
import { patternOfWritten } from './written-path.ts';

/** A `source` of vercel.json as a pattern, and the names of its groups in it. */
export interface VercelSource {
  readonly pattern: string;
  /** `:name`, `:name*` and `$1` of a destination or a header, as `:name` or `:splat`. */
  rename(text: string): string;
}

const LAST = /^(?::(?<name>[A-Za-z]\w*))?(?:(?<repeat>[*+])|\(\.(?<any>[*+])\))$/;
const PLACEHOLDER = /^:([A-Za-z]\w*)$/;

/**
 * The subset of path-to-regexp that needs no regular expression: plain segments, `:name`, and as the last segment `:name*`, `:name+`,
 * `(.*)`, `:name(.*)`. Throws `NotSupported` for more.
 */
export function vercelSource(source: string): VercelSource {
  if (!source.startsWith('/')) throw new NotSupported('the source does not begin with a slash');
  // The names of the groups, in the order of their numbers; `undefined` for one without a name.
  const groups: (string | undefined)[] = [];
  const segments = source.slice(1).split('/');
  const parts = segments.map((segment, index) => {
    const name = PLACEHOLDER.exec(segment)?.[1];
    if (name !== undefined) {
      groups.push(name);
      return segment;
    }
    const last = index === segments.length - 1 ? LAST.exec(segment)?.groups : undefined;
    if (last) {
      groups.push(last.name);
      // `/docs/(.*)` needs the slash, `/docs/:path*` does not; `/(.*)` is everything.
      return last.repeat === '*' || segments.length === 1 ? '*' : '**';
    }
    if (/[(){}?*+\\]|:\w/.test(segment)) {
      throw new NotSupported('of the source only :name, and at its end :name*, :name+ or (.*), are supported');
    }
    return segment;
  });
  const hasRest = parts.at(-1)?.startsWith('*') ?? false;
  const nameOf = (index: number) => (hasRest && index === groups.length - 1 ? 'splat' : groups[index]);
  const restName = hasRest ? groups.at(-1) : undefined;
  return {
    pattern: patternOfWritten(`/${parts.join('/')}`),
    rename: (text) =>
      text
        .replace(/\$(\d)/g, (written, digit: string) => {
          const name = nameOf(Number(digit) - 1);
          return name === undefined ? written : `:${name}`;
        })
        .replace(/:([A-Za-z]\w*)([*+]?)/g, (written, name: string) =>
          name === restName ? ':splat' : groups.includes(name) ? `:${name}` : written,
        ),
  };
}
