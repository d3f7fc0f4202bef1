import { type EdgeCache, sharedMaxAge } from './edge-cache.ts';

const DEFAULT_TTL_SECONDS = 3600;

/**
 * The global `cache` of a routine (`put`, `get`, `delete`): keyed by URL whatever the scheme, fresh for the max-age of
 * the response or an hour.
 */
export function routineCache(store: EdgeCache) {
  const keyOf = (request: string | URL | Request) =>
    new URL(typeof request === 'object' && 'url' in request ? request.url : String(request)).href.replace(
      /^https:/,
      'http:',
    );
  return {
    async put(request: string | URL | Request, response: Response): Promise<void> {
      const key = keyOf(request);
      const ttl = sharedMaxAge(response.headers) ?? DEFAULT_TTL_SECONDS;
      const body = new Uint8Array(await response.arrayBuffer());
      if (ttl === 0) return;
      const [storedAt, headers] = [Date.now(), [...response.headers]];
      store.put(key, { status: response.status, headers, body, storedAt, expiresAt: storedAt + ttl * 1000 });
    },
    async get(request: string | URL | Request): Promise<Response | undefined> {
      const entry = store.get(keyOf(request));
      if (!entry) return undefined;
      return new Response(Uint8Array.from(entry.body), {
        status: entry.status,
        headers: entry.headers.map(([n, v]) => [n, v]),
      });
    },
    async delete(request: string | URL | Request): Promise<boolean> {
      return store.delete(keyOf(request));
    },
  };
}
