/**
 * The edge routine: answers every request to a deployed static site. The only file that names globals of the edge; ESA
 * calls `fetch(request, context, env)`, and this routine needs the request alone.
 */
import { answerVisitor } from './answer-visitor.ts';
import type { EdgeFetch, EdgeKvConstructor } from './edge-globals.d.ts';

declare const EdgeKV: EdgeKvConstructor;
declare const fetch: EdgeFetch;

const answer = answerVisitor({
  lookup: (namespace, key) => new EdgeKV({ namespace }).get(key, { type: 'text' }),
  // The bytes as the bucket sent them: decoded, they would no longer match the manifest's size.
  fetchOrigin: (request) => fetch(request, { decompress: 'manual' }),
  now: () => Date.now(),
  log: (entry) => console.error(JSON.stringify(entry)),
});

export default { fetch: (request: Request): Promise<Response> => answer(request) };
