import type { EdgeRoute } from '@miaobu/shared/contracts/edge-route';
import { REVALIDATE } from './cache-policy.ts';
import { canonicalHostname } from './canonical-hostname.ts';
import { type Choice, chooseFile } from './choose-file.ts';
import { decodeSitePath } from './decode-site-path.ts';
import type { EdgeDeps } from './edge-deps.ts';
import { noticePage } from './notice-page.ts';
import { routeReader } from './route-reader.ts';
import { routingTableReader } from './routing-table-reader.ts';
import { sendFile } from './send-file.ts';

/** The platform's answer to "which deployment is this?": on every response that belongs to one. */
const DEPLOYMENT_HEADER = 'x-miaobu-deployment';
/** No `includeSubDomains`: a tenant's other hostnames are not ours to decide on. */
const ONE_YEAR_OF_HTTPS = 'max-age=31536000';

/**
 * Answers requests for static sites. One call makes the state of one isolate (routing tables, last good routes); the
 * function it returns never rejects.
 */
export function answerVisitor(deps: EdgeDeps): (request: Request) => Promise<Response> {
  const routes = routeReader(deps);
  const find = routingTableReader(deps);

  /** The route that can be served, and its answer for this path. */
  async function locate(
    hostname: string,
    path: string,
    acceptsHtml: boolean,
  ): Promise<{ route: EdgeRoute; choice: Choice } | 'unknown' | 'unavailable'> {
    const choose = async (route: EdgeRoute) => ({
      route,
      choice: await chooseFile((candidate) => find(route, candidate), path, { spa: route.spa, acceptsHtml }),
    });
    const current = await routes.read(hostname);
    if (current === 'unknown') return 'unknown';
    // KV keys arrive at a POP one by one: a new route may be here before its table. The site then stays as it was.
    const previous = routes.lastGood(hostname);
    const candidates = current === 'unreadable' ? [previous] : [current, previous];
    for (const route of candidates) {
      if (!route) continue;
      try {
        const located = await choose(route);
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
    const located = hostname
      ? await locate(hostname, path, headers.get('accept')?.toLowerCase().includes('text/html') ?? false)
      : 'unknown';
    if (located === 'unknown') return noticePage('unknownHost', method);
    if (located === 'unavailable') return noticePage('unavailable', method, { 'retry-after': '5' });

    const { route, choice } = located;
    const siteUrl = `${url.protocol}//${hostname}${url.port && `:${url.port}`}`;
    const response = await respond(request, siteUrl, url.search, route, choice);
    response.headers.set(DEPLOYMENT_HEADER, route.deployment_id);
    return response;
  }

  async function respond(
    request: Request,
    siteUrl: string,
    search: string,
    route: EdgeRoute,
    choice: Choice,
  ): Promise<Response> {
    if (choice.kind === 'redirect') {
      const location = `${choice.location}${search}`;
      // Without this a browser keeps a 308 for good, even when the next deployment turns the two addresses round.
      return new Response(null, { status: 308, headers: { location, 'cache-control': REVALIDATE } });
    }
    const { negotiatedByAccept } = choice;
    if (choice.kind === 'file') {
      return sendFile(deps, request, siteUrl, { file: choice.file, route, status: 200, negotiatedByAccept });
    }
    if (choice.page) {
      return sendFile(deps, request, siteUrl, { file: choice.page, route, status: 404, negotiatedByAccept });
    }
    return noticePage('notFound', request.method);
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
