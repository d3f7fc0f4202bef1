import type { CompiledRules } from './compile-rules.ts';
import { fillIn } from './fill-in.ts';
import { matchPath, type SplitPath } from './match-path.ts';

/** Headers of which an answer can only have one value. */
const SINGLE = new Set(
  (
    'access-control-allow-credentials access-control-allow-origin access-control-max-age cache-control content-disposition ' +
    'content-location content-type cross-origin-embedder-policy cross-origin-opener-policy cross-origin-resource-policy ' +
    'expires origin-agent-cluster pragma referrer-policy refresh retry-after service-worker-allowed sourcemap ' +
    'x-dns-prefetch-control x-download-options x-frame-options x-permitted-cross-domain-policies x-xss-protection'
  ).split(' '),
);

/** What the site's own rules add to the answer for a path, by name in lower case; every matching rule applies, in order. */
export function ruleHeadersFor(
  { headers }: Pick<CompiledRules, 'headers'>,
  path: SplitPath,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { pattern, set, unset } of headers) {
    const captures = matchPath(pattern, path);
    if (!captures) continue;
    for (const name of unset) found.delete(name);
    for (const [name, text] of set) {
      const value = fillIn(text, captures);
      const before = SINGLE.has(name) ? undefined : found.get(name);
      found.set(name, before === undefined ? value : `${before}, ${value}`);
    }
  }
  return found;
}

/** Whether a browser always revalidates what this value of Cache-Control let it keep. */
const isAskedAgain = (value: string) => /(?:^|[\s,])(?:no-store|no-cache)(?:$|[\s,])/i.test(value);

/**
 * Adds them, except Content-Type, which a 304 does not have. `isOwnFile`: the file is at the visitor's address itself. What is shown there
 * only for lack of a file (404, single-page app) or by a rewrite may be something else after the next deployment, so there a browser
 * may keep nothing without asking.
 */
export function addRuleHeaders(
  headers: Headers,
  ruleHeaders: ReadonlyMap<string, string>,
  { isOwnFile }: { isOwnFile: boolean },
): void {
  for (const [name, value] of ruleHeaders) {
    if (name === 'vary') headers.append(name, value);
    else if (name === 'cache-control' ? isOwnFile || isAskedAgain(value) : name !== 'content-type')
      headers.set(name, value);
  }
}
