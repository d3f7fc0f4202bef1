import { DEPLOYMENT_HEADER, type EdgeRoute } from '@miaobu/shared/contracts/edge-route';
import { REVALIDATE } from './cache-policy.ts';
import { canonicalHostname } from './canonical-hostname.ts';
import { chooseByRules, type Visit } from './choose-by-rules.ts';
import { type Choice, chooseFile, firstCandidate } from './choose-file.ts';
import { decodeSitePath } from './decode-site-path.ts';
import type { EdgeDeps } from './edge-deps.ts';
import { splitPath } from './match-path.ts';
import { noticePage } from './notice-page.ts';
import { routeReader } from './route-reader.ts';
import { routingTableReader } from './routing-table-reader.ts';
import { ruleHeadersFor } from './rule-headers-for.ts';
import { sendFile } from './send-file.ts';

/** No `includeSubDomains`: a tenant's other hostnames are not ours to decide on. */
const ONE_YEAR_OF_HTTPS = 'max-age=31536000';

interface Located {
  readonly route: EdgeRoute;
  readonly choice: Choice;
  /** What the site's own rules add to a file, by name in lower case. */
  readonly ruleHeaders?: ReadonlyMap<string, string>;
}

const redirect = (status: number, location: string) =>
  // Without this a browser keeps a 308 forever, even when the next deployment swaps the two addresses.
  new Response(null, { status, headers: { location, 'cache-control': REVALIDATE } });

/**
 * Answers requests for static sites. One call creates the state of one isolate (routing tables, last good routes); the
 * function it returns never rejects.
 */
export function answerVisitor(deps: EdgeDeps): (request: Request) => Promise<Response> {
  const routes = routeReader(deps);
  const table = routingTableReader(deps);

  async function choose(route: EdgeRoute, visit: Visit): Promise<Located> {
    const { path } = visit;
    const find = (candidate: string) => table.find(route, candidate);
    const rules = await table.rules(route, firstCandidate(path));
    if (!rules) return { route, choice: await chooseFile(find, path, { spa: route.spa, ...visit }) };
    const choice = await chooseByRules(find, rules, visit, route);
    return choice.kind === 'file'
      ? { route, choice, ruleHeaders: ruleHeadersFor(rules, splitPath(path)) }
      : { route, choice };
  }

  /** The route that can be served, and its answer. */
  async function locate(hostname: string, visit: Visit): Promise<Located | 'unknown' | 'unavailable'> {
    const current = await routes.read(hostname);
    if (current === 'unknown') return 'unknown';
    // KV keys arrive at a POP one by one: a new route may be here before its table. The site then stays as it was.
    const previous = routes.lastGood(hostname);
    const candidates = current === 'unreadable' ? [previous] : [current, previous];
    for (const route of candidates) {
      if (!route) continue;
      try {
        const located = await choose(route, visit);
        if (route === current) routes.confirm(hostname, route);
        return located;
      } catch (error) {
        deps.log({ event: 'table_unreadable', hostname, deployment_id: route.deployment_id, reason: String(error) });
      }
    }
    return 'unavailable';
  }

  async function answer(request: Request, url: URL): Promise<Response> {
    const { method, headers } = request;
    if (method !== 'GET' && method !== 'HEAD') return noticePage('methodNotAllowed', method, { allow: 'GET, HEAD' });
    if (headers.get('upgrade')?.toLowerCase() === 'websocket') return noticePage('badRequest', method);
    const path = decodeSitePath(url.pathname);
    if (path === undefined) return noticePage('badRequest', method);
    const hostname = canonicalHostname(url);
    const acceptsHtml = headers.get('accept')?.toLowerCase().includes('text/html') ?? false;
    const located = hostname ? await locate(hostname, { path, url, acceptsHtml }) : 'unknown';
    if (located === 'unknown') return noticePage('unknownHost', method);
    if (located === 'unavailable') return noticePage('unavailable', method, { 'retry-after': '5' });

    const siteUrl = `${url.protocol}//${hostname}${url.port && `:${url.port}`}`;
    const response = await respond(request, siteUrl, url.search, located);
    response.headers.set(DEPLOYMENT_HEADER, located.route.deployment_id);
    return response;
  }

  async function respond(request: Request, siteUrl: string, search: string, located: Located): Promise<Response> {
    const { route, choice, ruleHeaders } = located;
    switch (choice.kind) {
      case 'file':
        return sendFile(deps, request, siteUrl, { ...choice, route, ruleHeaders });
      case 'moved':
        return redirect(308, choice.address + search);
      case 'redirect':
        return redirect(choice.status, choice.location);
      case 'not-found':
        return noticePage('notFound', request.method);
    }
  }

  return async (request) => {
    let response: Response;
    let secure = false;
    try {
      const url = new URL(request.url);
      secure = url.protocol === 'https:';
      response = await answer(request, url);
    } catch (error) {
      deps.log({ event: 'routine_failed', reason: String(error) });
      response = noticePage('unavailable', request.method, { 'retry-after': '5' });
    }
    response.headers.set('x-content-type-options', 'nosniff');
    if (secure) response.headers.set('strict-transport-security', ONE_YEAR_OF_HTTPS);
    return response;
  };
}
