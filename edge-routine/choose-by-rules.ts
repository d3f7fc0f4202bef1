/**
 * What answers a path of a site with rules of its own, in this order:
 *
 * 1. `cleanUrls` and `trailingSlash` of vercel.json, when they require another form of the address;
 * 2. the first rule that matches. Unless it is forced, a file at the address takes precedence;
 * 3. the files, as without rules (`choose-file.ts`);
 * 4. the fallback for a missing file.
 *
 * A rule's target is looked up among the files only: no rule leads to another one, so rules cannot loop here. A redirect
 * to the address it came from is ignored.
 */
import type { EdgeRoute } from '@miaobu/shared/contracts/edge-route';
import { type Choice, chooseInstead, chooseOwn, type Find, movedTo } from './choose-file.ts';
import type { CompiledRedirect, CompiledRules } from './compile-rules.ts';
import { fillInDecoded, fillInLocation } from './fill-in.ts';
import { type Captures, matchPath, type SplitPath, splitPath } from './match-path.ts';

export interface Visit {
  /** As it comes from `decodeSitePath`. */
  readonly path: string;
  readonly url: URL;
  readonly acceptsHtml: boolean;
}

/** `docs/index.html` is shown at `docs/`, `about.html` at `about`. */
function withoutExtension(path: string): string {
  const folder = path.replace(/(^|\/)index(?:\.html)?\/?$/, '$1');
  return folder === path ? path.replace(/([^/])\.html\/?$/, '$1') : folder;
}

/** The canonical form of a path under `cleanUrls` and `trailingSlash`, as on Vercel. */
function wantedForm(path: string, { cleanUrls, trailingSlash }: CompiledRules): string {
  const form = cleanUrls ? withoutExtension(path) : path;
  const endsInSlash = form.endsWith('/');
  if (trailingSlash === false) return endsInSlash ? form.slice(0, -1) : form;
  if (!trailingSlash || form === '' || form.startsWith('.well-known/')) return form;
  if (endsInSlash) return /[^/]\.\w+\/$/.test(form) ? form.slice(0, -1) : form;
  return form.slice(form.lastIndexOf('/') + 1).includes('.') ? form : `${form}/`;
}

/** What a rule captures from a visit, and the visitor's query without the parameters it matched; undefined when it does not match. */
function apply({ pattern, query }: CompiledRedirect, split: SplitPath, url: URL) {
  const captures = matchPath(pattern, split);
  if (!captures || query.length === 0) return captures && { captures, search: url.search };
  const parameters = new URLSearchParams(url.search);
  const all = new Map(captures);
  for (const [name, wanted] of query) {
    const value = parameters.get(name);
    if (value === null || (!wanted.startsWith(':') && value !== wanted)) return undefined;
    if (wanted.startsWith(':')) all.set(wanted.slice(1), value);
    parameters.delete(name);
  }
  const rest = parameters.toString();
  return { captures: all as Captures, search: rest && `?${rest}` };
}

const isSameAddress = (location: string, url: URL): boolean => {
  const { href } = new URL(location, url);
  return href.split('#', 1)[0] === url.href.split('#', 1)[0];
};

/** The file that a rule shows: the one at its target, with or without a trailing slash. */
async function chooseShown(find: Find, target: string, status: 200 | 404): Promise<Choice | undefined> {
  const found = await chooseOwn(find, target.replace(/^\/+/, ''), true);
  return found?.kind === 'file' ? { ...found, status, isOwnFile: false } : undefined;
}

/** Rejects when the routing table cannot be read. */
export async function chooseByRules(
  find: Find,
  rules: CompiledRules,
  { path, url, acceptsHtml }: Visit,
  route: Pick<EdgeRoute, 'spa'>,
): Promise<Choice> {
  const form = wantedForm(path, rules);
  if (form !== path) return movedTo(form);
  let looked: Promise<Choice | undefined> | undefined;
  const atAddress = () => {
    looked ??= chooseOwn(find, path, rules.trailingSlash !== undefined);
    return looked;
  };
  const split = splitPath(path);
  for (const rule of rules.redirects) {
    const applied = apply(rule, split, url);
    if (!applied) continue;
    const { captures, search } = applied;
    const { status, target, force } = rule;
    if (status === 200 || status === 404) {
      return (
        (force ? undefined : await atAddress()) ??
        (await chooseShown(find, fillInDecoded(rule.targetPath, captures), status)) ??
        chooseInstead(find, path, { spa: false, acceptsHtml })
      );
    }
    const location = fillInLocation(target, captures, search);
    if (isSameAddress(location, url)) continue;
    return (force ? undefined : await atAddress()) ?? { kind: 'redirect', status, location };
  }
  return (await atAddress()) ?? chooseInstead(find, path, { spa: route.spa, acceptsHtml });
}
