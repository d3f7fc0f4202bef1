/**
 * A redirect target at `origin` from a requested one: a path with its query, as browsers interpret it. Anything that would lead elsewhere
 * (`https://…`, `//…`, `/\…`, `javascript:`) becomes `/`.
 */
export function ownPath(asked: string | undefined, origin: string): string {
  if (!asked?.startsWith('/') || !URL.canParse(asked, origin)) return '/';
  // Parsed like browsers do: they drop tabs and newlines, and treat a backslash as a slash.
  const url = new URL(asked, origin);
  const path = `${url.pathname}${url.search}${url.hash}`;
  return url.origin !== origin || path.startsWith('//') ? '/' : path;
}
