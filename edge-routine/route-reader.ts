import { type EdgeRoute, kvKey, parseRoute, ROUTE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import type { EdgeDeps } from './edge-deps.ts';
import { leastRecentlyUsed } from './least-recently-used.ts';

/** How long a hostname keeps showing what it showed, once its route can no longer be read. */
const LAST_GOOD_MS = 60_000;
const LAST_GOOD_HOSTS = 1000;

/**
 * Reads routes from Edge KV on every request, so that a new deployment shows as soon as its route is written.
 * - `read` → the route, `'unknown'` when nothing is deployed to the hostname, `'unreadable'` when KV failed or its
 *   value is malformed.
 * - `confirm` remembers a route that has served a request; `lastGood` returns it for 60 s from then.
 */
export function routeReader({ lookup, log, now }: Pick<EdgeDeps, 'lookup' | 'log' | 'now'>) {
  const confirmed = leastRecentlyUsed<{ readonly route: EdgeRoute; readonly at: number }>(LAST_GOOD_HOSTS);
  return {
    async read(hostname: string): Promise<EdgeRoute | 'unknown' | 'unreadable'> {
      let reason = 'malformed';
      try {
        const text = await lookup(ROUTE_NAMESPACE, kvKey(hostname));
        if (text === undefined) {
          confirmed.delete(hostname);
          return 'unknown';
        }
        const route = parseRoute(text);
        if (route) return route;
      } catch (error) {
        reason = String(error);
      }
      log({ event: 'route_unreadable', hostname, reason });
      return 'unreadable';
    },
    confirm(hostname: string, route: EdgeRoute): void {
      confirmed.set(hostname, { route, at: now() }, 1);
    },
    lastGood(hostname: string): EdgeRoute | undefined {
      const entry = confirmed.get(hostname);
      return entry && now() - entry.at <= LAST_GOOD_MS ? entry.route : undefined;
    },
  };
}
