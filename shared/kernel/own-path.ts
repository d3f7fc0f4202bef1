/**
 * Where to go on at `origin`, from what somebody asked for: a path with its query, as the browser will understand it. Everything that
 * would lead elsewhere (`https://…`, `//…`, `/\…`, `javascript:`) is `/`.
 */
export function ownPath(asked: string | undefined, origin: string): string {
  if (!asked?.startsWith('/') || !URL.canParse(asked, origin)) return '/';
  // Parsed as browsers do: they drop tabs and newlines, and take a backslash for a slash.
  const url = new URL(asked, origin);
  const path = `${url.pathname}${url.search}${url.hash}`;
  return url.origin !== origin || path.startsWith('//') ? '/' : path;
}
