import { createServer } from 'node:http';
import { type Api, api, type OperationId } from '@miaobu/shared/contracts/api';
import type { BodyOf, ParamsOf, QueryOf } from '@miaobu/shared/contracts/endpoint';
import type * as z from 'zod';

export interface Call<Id extends OperationId> {
  readonly params: ParamsOf<Api[Id]>;
  readonly query: QueryOf<Api[Id]>;
  readonly body: BodyOf<Api[Id]>;
}
export interface Refused {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly details?: unknown;
}
export type Answered<Id extends OperationId> =
  | { readonly data: z.input<Api[Id]['output']>; readonly next?: string | null }
  | { readonly refused: Refused };
export type Answers = { readonly [Id in OperationId]?: (call: Call<Id>) => Answered<Id> };

export interface ContractServer {
  readonly port: number;
  /** What was asked, in order: `createProject POST /api/v1/projects`. */
  readonly asked: readonly string[];
  readonly tokens: ReadonlySet<string | undefined>;
  /** Breaks the connection of this many requests from now on. */
  breakConnections(count: number): void;
  close(): Promise<void>;
}

const ids = Object.keys(api) as OperationId[];
const routes = ids.map((id) => {
  const pattern = api[id].path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)');
  return { id, method: api[id].method as string, path: new RegExp(`^${pattern}$`) };
});

/**
 * An HTTP server that speaks the API's contract: it takes only what the contract's schemas accept, and answers only what
 * they accept. What it answers is the test's.
 */
export async function startContractServer(answers: Answers): Promise<ContractServer> {
  const asked: string[] = [];
  const tokens = new Set<string | undefined>();
  let breaking = 0;

  const answer = (method: string, url: URL, text: string): { status: number; body: unknown } => {
    const route = routes.find((it) => it.method === method && it.path.test(url.pathname));
    if (!route) throw new Error(`the contract has no ${method} ${url.pathname}`);
    const { id } = route;
    asked.push(`${id} ${method} ${url.pathname}${url.search}`);
    const { params, query, body, output, status, paginated } = api[id];
    const segments = Object.entries(route.path.exec(url.pathname)?.groups ?? {});
    const call = {
      params: params.parse(Object.fromEntries(segments.map(([name, value]) => [name, decodeURIComponent(value)]))),
      query: query.parse(Object.fromEntries(url.searchParams)),
      body: body?.parse(JSON.parse(text)),
    };
    // The table gives every id its own types; an index cannot carry them.
    const answerTo = answers[id] as ((call: unknown) => Answered<OperationId>) | undefined;
    if (!answerTo) throw new Error(`the test has no answer to ${id}`);
    const answered = answerTo(call);
    if ('refused' in answered) {
      const { status: refusedStatus, ...error } = answered.refused;
      return { status: refusedStatus, body: { error, request_id: 'req_test' } };
    }
    const data = output.parse(answered.data);
    return { status, body: paginated ? { data, meta: { next_cursor: answered.next ?? null } } : { data } };
  };

  const server = createServer((request, response) => {
    if (breaking > 0) {
      breaking -= 1;
      request.socket.destroy();
      return;
    }
    tokens.add(request.headers.authorization?.replace(/^Bearer /, ''));
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      let result: { status: number; body: unknown };
      try {
        result = answer(request.method ?? '', new URL(request.url ?? '', 'http://localhost'), text);
      } catch (error) {
        // 418: the program under test takes it for a refusal, and shows the message to whoever reads the test's failure.
        result = { status: 418, body: { error: { code: 'broken_contract', message: String(error) } } };
      }
      response.writeHead(result.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(result.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    asked,
    tokens,
    breakConnections: (count) => {
      breaking = count;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
