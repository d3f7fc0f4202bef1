/**
 * The edge routine: answers every request to a deployed static site. The only file that names globals of the edge; ESA
 * calls `fetch(request, context, env)`, and this routine needs the request alone.
 */
import { answerVisitor } from './answer-visitor.ts';
import type { EdgeKvConstructor } from './edge-globals.d.ts';

declare const EdgeKV: EdgeKvConstructor;

const answer = answerVisitor({
  lookup: (namespace, key) => new EdgeKV({ namespace }).get(key, { type: 'text' }),
  fetchOrigin: (request) => fetch(request),
  now: () => Date.now(),
  log: (entry) => console.error(JSON.stringify(entry)),
});

export default { fetch: (request: Request): Promise<Response> => answer(request) };
