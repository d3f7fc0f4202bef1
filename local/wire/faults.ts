import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { type Emulator, readBody } from './emulator.ts';

/**
 * A fault to inject. `service` is the emulator's name (`oss`, `fc`, `esa`, `alidns`, `tablestore`, `github`); the
 * other conditions narrow it. `times` is how many matching requests it strikes (default: until cleared).
 * - `latency`: answer as usual, `ms` later
 * - `error`: answer `status` (default 500) without doing anything; `retryAfter` in seconds adds the header
 * - `hang`: never answer
 * - `lost-response`: do it, then cut the connection instead of answering
 */
const faultSchema = z.strictObject({
  service: z.string(),
  method: z.string().optional(),
  /** Found anywhere in the request's path and query. */
  path: z.string().optional(),
  /** Value of `x-acs-action`. */
  action: z.string().optional(),
  times: z.int().positive().optional(),
  fault: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('latency'), ms: z.int().nonnegative() }),
    z.strictObject({
      kind: z.literal('error'),
      status: z.int().min(400).max(599).default(500),
      retryAfter: z.int().positive().optional(),
    }),
    z.strictObject({ kind: z.literal('hang') }),
    z.strictObject({ kind: z.literal('lost-response') }),
  ]),
});
export type Fault = z.input<typeof faultSchema>;

/** One request on its way through the local cloud, for a test in the same process. */
export interface Passing {
  readonly service: string;
  readonly request: IncomingMessage;
  /** `before`: the service has not received it. `after`: it is done, and the caller has no answer yet. */
  readonly side: 'before' | 'after';
}

/** May take its time. `fail` before: answered 500 and not done. `fail` after: the connection is cut instead of an answer. */
export type Observer = (passing: Passing) => Promise<'pass' | 'fail'>;

export interface Faults {
  /** Puts the injector in front of an emulator. */
  wrap(service: string, emulator: Emulator): Emulator;
  /** Adds a fault; returns a function that removes it. */
  inject(fault: Fault): () => void;
  /** Shows every request and every answer to an observer; there is only one. */
  observe(observer: Observer): void;
  clear(): void;
  /** The control API: `POST` adds (JSON body, 201), `DELETE` clears (204), `GET` lists. */
  control(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

export function createFaults(): Faults {
  const active = new Set<z.output<typeof faultSchema> & { left: number }>();
  let observe: Observer | undefined;

  const inject = (fault: Fault) => {
    const entry = { ...faultSchema.parse(fault), left: fault.times ?? Number.POSITIVE_INFINITY };
    active.add(entry);
    return () => void active.delete(entry);
  };

  const strike = (service: string, request: IncomingMessage) => {
    for (const entry of active) {
      if (entry.service !== service) continue;
      if (entry.method && entry.method !== request.method) continue;
      if (entry.path && !(request.url ?? '').includes(entry.path)) continue;
      if (entry.action && entry.action !== request.headers['x-acs-action']) continue;
      entry.left -= 1;
      if (entry.left <= 0) active.delete(entry);
      return entry.fault;
    }
    return undefined;
  };

  return {
    inject,
    observe(observer) {
      observe = observer;
    },
    clear: () => active.clear(),
    wrap: (service, emulator) => ({
      close: () => emulator.close(),
      async handle(request, response) {
        const fault = strike(service, request);
        const tell = observe;
        if (tell) {
          holdBack(response, () => tell({ service, request, side: 'after' }));
          if ((await tell({ service, request, side: 'before' })) === 'fail') return refuse(request, response, 500);
        }
        switch (fault?.kind) {
          case undefined:
            return emulator.handle(request, response);
          case 'latency':
            await delay(fault.ms);
            return emulator.handle(request, response);
          case 'error':
            return refuse(request, response, fault.status, fault.retryAfter);
          case 'hang':
            request.resume();
            return;
          case 'lost-response':
            // The answer is discarded: whatever the emulator did stays done.
            response.write = () => true;
            response.end = ((...args: unknown[]) => {
              const callback = args.at(-1);
              response.destroy();
              if (typeof callback === 'function') callback();
              return response;
            }) as ServerResponse['end'];
            return emulator.handle(request, response);
        }
      },
    }),
    async control(request, response) {
      const json = (status: number, value: unknown) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(value));
      };
      if (request.method === 'GET') return json(200, [...active]);
      if (request.method === 'DELETE') {
        active.clear();
        response.writeHead(204).end();
        return;
      }
      if (request.method !== 'POST') return json(405, { error: 'use GET, POST or DELETE' });
      const body = (await readBody(request, 64 * 1024)).toString();
      const parsed = faultSchema.safeParse(safeJson(body));
      if (!parsed.success) return json(422, { error: z.prettifyError(parsed.error) });
      inject(parsed.data);
      return json(201, parsed.data);
    },
  };
}

function refuse(request: IncomingMessage, response: ServerResponse, status: number, retryAfter?: number): void {
  request.resume();
  const wait = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  response.writeHead(status, { 'content-type': 'application/json', ...wait });
  response.end(JSON.stringify({ Code: 'InjectedFault', Message: 'injected fault', RequestId: 'injected' }));
}

/** Lets an answer end only when asked, or cuts it off. */
function holdBack(response: ServerResponse, ask: () => Promise<'pass' | 'fail'>): void {
  const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse;
  response.end = ((...args: unknown[]) => {
    void ask().then((verdict) => (verdict === 'pass' ? end(...args) : response.destroy()));
    return response;
  }) as ServerResponse['end'];
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
