import type { DomainRoute } from './custom-domain-records.ts';

/** Names under which a host may be configured: itself, and the wildcard that covers one label. */
export function domainNamesFor(host: string): string[] {
  const name = hostName(host);
  const dot = name.indexOf('.');
  return dot === -1 ? [name] : [name, `*${name.slice(dot)}`];
}

/** A `Host` header without its port, in lower case. */
export const hostName = (host: string) => host.replace(/:\d+$/, '').toLowerCase();

/**
 * The route of a request: one that names the path exactly, else the longest that covers it. `/api/*` covers everything
 * below `/api/`. Undefined when none does, or none allows the method.
 */
export function matchRoute(
  routes: readonly DomainRoute[],
  pathAndQuery: string,
  method: string,
): DomainRoute | undefined {
  const path = pathAndQuery.split('?')[0] ?? '/';
  const covers = ({ path: pattern }: DomainRoute) =>
    pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
  const rank = ({ path: pattern }: DomainRoute) => (pattern.endsWith('*') ? pattern.length : Number.POSITIVE_INFINITY);
  return routes
    .filter((route) => covers(route) && (!route.methods?.length || route.methods.includes(method)))
    .sort((a, b) => rank(b) - rank(a))[0];
}
