// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is refused
const FORBIDDEN = /[\u0000-\u001f\u007f/\\]/;

/**
 * The path a visitor means, as manifests write paths: no leading slash, percent-decoded exactly once, NFC. A trailing
 * slash stays, the root is ''. Undefined for what has no safe meaning and is answered with 400: an encoded slash,
 * backslash or control character, invalid UTF-8, a stray `%`, a dot segment that survived URL parsing.
 *
 * `pathname` is that of a parsed `URL`: raw `..`, `%2e%2e` and backslashes are already resolved there, `..%2f` is not.
 */
export function decodeSitePath(pathname: string): string | undefined {
  const segments = pathname.slice(1).split('/');
  try {
    const decoded = segments.map((segment) => (segment.includes('%') ? decodeURIComponent(segment) : segment));
    return decoded.some(isUnsafe) ? undefined : decoded.join('/').normalize('NFC');
  } catch {
    return undefined;
  }
}

const isUnsafe = (segment: string) => segment === '.' || segment === '..' || FORBIDDEN.test(segment);
