import type { EdgeCache } from './edge-cache.ts';
import { createEdgeFetch } from './edge-fetch.ts';
import { edgeKvClass, type KvRead } from './edge-kv-store.ts';
import { routineCache } from './routine-cache.ts';

/** The web platform as ESA's runtime offers it. Anything not named here does not exist for a routine. */
const WEB_APIS = [
  'Response',
  'Headers',
  'FormData',
  'Blob',
  'File',
  'URL',
  'URLSearchParams',
  'ReadableStream',
  'ReadableStreamDefaultReader',
  'ReadableStreamBYOBReader',
  'WritableStream',
  'WritableStreamDefaultWriter',
  'TransformStream',
  'ByteLengthQueuingStrategy',
  'CountQueuingStrategy',
  'CompressionStream',
  'DecompressionStream',
  'TextEncoder',
  'TextDecoder',
  'TextEncoderStream',
  'TextDecoderStream',
  'AbortController',
  'AbortSignal',
  'Event',
  'EventTarget',
  'DOMException',
  'crypto',
  'CryptoKey',
  'atob',
  'btoa',
  'console',
  'performance',
  'queueMicrotask',
  'structuredClone',
  'clearTimeout',
  'clearInterval',
] as const satisfies readonly (keyof typeof globalThis)[];

export interface RoutineGlobalsOptions {
  readonly readKv: KvRead;
  readonly cacheApi: EdgeCache;
  readonly fetchFromZone: (request: Request) => Promise<Response> | undefined;
}

/** The globals of a routine. Must be created after `@hono/node-server` has put its faster `Request` and `Response` in place. */
export function routineGlobals({ readKv, cacheApi, fetchFromZone }: RoutineGlobalsOptions): object {
  return {
    ...Object.fromEntries(WEB_APIS.map((name) => [name, globalThis[name]])),
    Request: globalThis.Request,
    fetch: createEdgeFetch(fetchFromZone),
    EdgeKV: edgeKvClass(readKv),
    cache: routineCache(cacheApi),
    // Numbers as on the web, not Node's objects.
    setTimeout: (...args: Parameters<typeof setTimeout>) => Number(setTimeout(...args)),
    setInterval: (...args: Parameters<typeof setInterval>) => Number(setInterval(...args)),
  };
}
