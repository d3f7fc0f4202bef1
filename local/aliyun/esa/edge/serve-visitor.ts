import type { EdgeCache } from './edge-cache.ts';
import type { EdgeZone, OssOrigin } from './edge-messages.ts';
import { fetchBucket } from './fetch-bucket.ts';
import { isHopByHop } from './hop-by-hop-headers.ts';
import type { RoutineContext, RoutineFetch } from './routine-context.ts';
import { parseRoutingRule, type RoutingRule } from './routing-rule.ts';

type Route = Omit<EdgeZone['routes'][number], 'rule'> & { readonly matches: RoutingRule };

export interface VisitorServiceOptions {
  readonly origin: OssOrigin;
  readonly cache: EdgeCache;
  readonly log: (line: string) => void;
}

/** What the edge does with a request: the first route that matches runs its routine; otherwise the record's bucket answers. */
export function createVisitorService({ origin, cache, log }: VisitorServiceOptions) {
  const routines = new Map<string, RoutineFetch>();
  let exact = new Map<string, string>();
  let wildcards: readonly (readonly [string, string])[] = [];
  let routes: readonly Route[] = [];

  const bucketOf = (hostname: string) =>
    exact.get(hostname) ?? wildcards.find(([suffix]) => hostname.endsWith(suffix))?.[1];
  const routeOf = (request: Request, url: URL) => {
    const host = url.hostname;
    const subject = { host, path: url.pathname, uri: url.pathname + url.search, method: request.method };
    return routes.find(
      (route) => (host === route.siteName || host.endsWith(`.${route.siteName}`)) && route.matches(subject),
    );
  };

  /** The answer of the zone's origin; undefined for a host that has none here. */
  const fetchFromZone = (request: Request): Promise<Response> | undefined => {
    const bucket = bucketOf(new URL(request.url).hostname);
    return bucket === undefined ? undefined : fetchBucket(request, bucket, origin, cache);
  };
  const runRoutine = async (route: Route, request: Request): Promise<Response> => {
    const context: RoutineContext = {
      waitUntil: (work) => void Promise.resolve(work).catch((error: unknown) => log(`waitUntil: ${describe(error)}`)),
    };
    try {
      const routine = routines.get(route.routine);
      if (!routine) throw new Error(`The routine ${route.routine} has no working version in production.`);
      const response = await routine(request, context, {});
      if (typeof response?.status !== 'number') throw new TypeError('A routine answers with a Response.');
      return withoutHopByHop(response);
    } catch (error) {
      log(`${route.routine} on ${request.method} ${request.url}: ${describe(error)}`);
      const replayable = route.fallback && (request.method === 'GET' || request.method === 'HEAD');
      const fallback = replayable ? fetchFromZone(request) : undefined;
      return fallback ?? new Response('The edge routine failed.\n', { status: 500 });
    }
  };

  return {
    fetchFromZone,
    setZone(zone: EdgeZone): void {
      const isWildcard = ({ hostname }: { hostname: string }) => hostname.startsWith('*.');
      exact = new Map(zone.records.filter((record) => !isWildcard(record)).map((r) => [r.hostname, r.bucket]));
      wildcards = zone.records
        .filter(isWildcard)
        .map(({ hostname, bucket }) => [hostname.slice(1), bucket] as const)
        .sort(([a], [b]) => b.length - a.length);
      routes = zone.routes.map(({ rule, ...route }) => ({ ...route, matches: parseRoutingRule(rule) }));
    },
    /** From now on new requests run this; those in progress finish on the old one. Undefined: it does not load. */
    setRoutine(name: string, routine: RoutineFetch | undefined): void {
      if (routine) routines.set(name, routine);
      else routines.delete(name);
    },
    async serve(request: Request): Promise<Response> {
      const url = new URL(request.url);
      const route = routeOf(request, url);
      try {
        if (route && !route.bypass) return await runRoutine(route, request);
        return (await fetchFromZone(request)) ?? new Response(`No site serves ${url.hostname}.\n`, { status: 404 });
      } catch (error) {
        log(`origin of ${request.url}: ${describe(error)}`);
        return new Response('The origin does not answer.\n', { status: 502 });
      }
    },
  };
}

function withoutHopByHop(response: Response): Response {
  const hopByHop = isHopByHop(response.headers.get('connection'));
  const kept = [...response.headers].filter(([name]) => !hopByHop(name));
  if (kept.length === [...response.headers].length) return response;
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers: kept });
}

const describe = (error: unknown) => {
  const { stack, message } = (error ?? {}) as Partial<Error>;
  return stack ?? message ?? String(error);
};
