/**
 * Values of configuration files that are programs, as far as they can be seen plainly in the text. Nothing of a project is ever
 * run to find something out. What is computed, or written twice, is as good as missing.
 */

/** Each takes what it finds even without an end, so that nothing is looked at twice. */
const COMMENT_OR_STRING =
  /("(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|`(?:[^`\\]|\\.)*`?)|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;
/** No configuration is longer, and what is made to take long is not looked at. */
const LONGEST = 64 * 1024;

/** JavaScript, TypeScript or JSON without its comments; empty when it is too long. */
export const withoutComments = (text: string) =>
  text.length > LONGEST ? '' : text.replace(COMMENT_OR_STRING, (_, string) => string ?? '');

const keyPattern = (key: string) => `(?<![\\w$.-])['"]?${key}['"]?\\s*:\\s*`;
const PLAIN = `(['"\`])([^'"\`\\n]*)\\1`;
/** `path.resolve(__dirname, 'x')` is how many write x. */
const RESOLVED = `(?:path\\.)?(?:resolve|join)\\(\\s*(?:__dirname|import\\.meta\\.dirname)\\s*,\\s*(['"])([^'"\\n]*)\\3\\s*\\)`;

function plainValue(text: string, key: string, value: string): string | undefined {
  const places = text.match(new RegExp(keyPattern(key), 'g'))?.length ?? 0;
  const found = [...text.matchAll(new RegExp(keyPattern(key) + value, 'g'))];
  const values = new Set(found.map((match) => match[2] ?? match[4]));
  const [first] = values;
  return found.length === places && values.size === 1 && !first?.includes('${') ? first : undefined;
}

/** The string that `key` has in this text (without comments); undefined unless it is one, and always the same. */
export const plainString = (text: string, key: string) => plainValue(text, key, `(?:${PLAIN}|${RESOLVED})`);

/** The same for `true` and `false`. */
export function plainFlag(text: string, key: string): boolean | undefined {
  const value = plainValue(text, key, '(\\s*)(true|false)\\b');
  return value === undefined ? undefined : value === 'true';
}

/** A folder below the root directory, from where `from` says, without `./` and a slash at its end; undefined if it is not below. */
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
