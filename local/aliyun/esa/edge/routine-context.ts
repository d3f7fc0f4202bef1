import vm from 'node:vm';
import type { PublishedRoutine } from './edge-messages.ts';

/** What a routine exports. */
export type RoutineFetch = (request: Request, context: RoutineContext, env: object) => Promise<Response> | Response;

export interface RoutineContext {
  /** Keeps background work alive after the answer; its failure is only logged. */
  waitUntil(work: unknown): void;
}

const TOP_LEVEL_LIMIT_MS = 1000;

/** Values of Node's own realm that a routine meets (an answer of `fetch`, a caught error) and tests with `instanceof`. */
const SHARED = [
  'Object',
  'Array',
  'Error',
  'TypeError',
  'RangeError',
  'SyntaxError',
  'Promise',
  'ArrayBuffer',
  'Uint8Array',
];

const BRIDGE = `(host) => {
  for (const name of Object.keys(host)) {
    const own = globalThis[name];
    Object.defineProperty(own, Symbol.hasInstance, {
      value(value) {
        return Function.prototype[Symbol.hasInstance].call(this, value) || (this === own && value instanceof host[name]);
      },
    });
  }
}`;

/**
 * Evaluates a published routine in a context of its own with `globals` and nothing else: no `process`, no `Buffer`, no
 * `require`, no code from strings. Throws what its top level throws. `node:vm` is not a security boundary; it makes a
 * routine that relies on Node fail here as it would at the edge.
 */
export function loadRoutine(routine: PublishedRoutine, globals: object): RoutineFetch {
  const context = vm.createContext({ ...globals }, { codeGeneration: { strings: false, wasm: false } });
  const host = Object.fromEntries(SHARED.map((name) => [name, globalThis[name as keyof typeof globalThis]]));
  vm.runInContext(BRIDGE, context)(host);
  const options = { filename: `${routine.name}@${routine.version}.js`, timeout: TOP_LEVEL_LIMIT_MS };
  const exported: unknown = vm.runInContext(routine.script, context, options);
  if (!hasFetch(exported)) throw new TypeError('A routine exports an object with a fetch method as its default.');
  return (request, requestContext, env) => exported.fetch(request, requestContext, env);
}

function hasFetch(exported: unknown): exported is { fetch: RoutineFetch } {
  return (
    typeof exported === 'object' && exported !== null && 'fetch' in exported && typeof exported.fetch === 'function'
  );
}
