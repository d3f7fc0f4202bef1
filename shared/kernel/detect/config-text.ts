/**
 * Values in configuration files that are programs, as far as they are literal in the text. A project's code is never run to find
 * something out. Computed or repeated values count as missing.
 */

/** Each alternative also matches without its end, so that nothing is scanned twice. */
const COMMENT_OR_STRING =
  /("(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|`(?:[^`\\]|\\.)*`?)|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;
/** No real configuration is longer, and one crafted to be slow is not read. */
const LONGEST = 64 * 1024;

/** JavaScript, TypeScript or JSON without its comments; empty when it is too long. */
export const withoutComments = (text: string) =>
  text.length > LONGEST ? '' : text.replace(COMMENT_OR_STRING, (_, string) => string ?? '');

const keyPattern = (key: string) => `(?<![\\w$.-])['"]?${key}['"]?\\s*:\\s*`;
const PLAIN = `(['"\`])([^'"\`\\n]*)\\1`;
/** `path.resolve(__dirname, 'x')` is a common way to write x. */
const RESOLVED = `(?:path\\.)?(?:resolve|join)\\(\\s*(?:__dirname|import\\.meta\\.dirname)\\s*,\\s*(['"])([^'"\\n]*)\\3\\s*\\)`;

function plainValue(text: string, key: string, value: string): string | undefined {
  const places = text.match(new RegExp(keyPattern(key), 'g'))?.length ?? 0;
  const found = [...text.matchAll(new RegExp(keyPattern(key) + value, 'g'))];
  const values = new Set(found.map((match) => match[2] ?? match[4]));
  const [first] = values;
  return found.length === places && values.size === 1 && !first?.includes('${') ? first : undefined;
}

/** The string literal that `key` has in this text (without comments); undefined unless it is a single literal, the same everywhere. */
export const plainString = (text: string, key: string) => plainValue(text, key, `(?:${PLAIN}|${RESOLVED})`);

/** The same for `true` and `false`. */
export function plainFlag(text: string, key: string): boolean | undefined {
  const value = plainValue(text, key, '(\\s*)(true|false)\\b');
  return value === undefined ? undefined : value === 'true';
}

/** A folder below the root directory, relative to `from`, without `./` and trailing slash; undefined if it is not below. */
export function folderBelow(value: string | undefined, from = ''): string | undefined {
  if (value === undefined || value.startsWith('/') || value.includes('\\')) return undefined;
  const segments: string[] = [];
  for (const segment of `${from}/${value}`.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') segments.push(segment);
    else if (segments.pop() === undefined) return undefined;
  }
  return segments.length === 0 ? undefined : segments.join('/');
}

/** The names that a configuration file may have: `next.config` as `next.config.js`, `.mjs`, … */
export const configNames = (name: string) => ['ts', 'js', 'mjs', 'mts', 'cjs', 'cts'].map((kind) => `${name}.${kind}`);
