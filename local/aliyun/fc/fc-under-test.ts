import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { type ZipOptions, zipSync } from 'fflate';
import { type Reaper, startReaper } from '../../processes/reaper.ts';
import { type Listening, listen } from '../../wire/emulator.ts';
import { type Account, createAccount } from '../account.ts';
import { createFcEmulator, type FcEmulator, type FcEmulatorOptions } from './fc-emulator.ts';
import type { LogLine } from './function-logs.ts';

/** The vendor's SDK: its classes, and its client, which is CommonJS' default of the default. */
export const sdk = await import('@alicloud/fc20230330');
const { $OpenApiUtil } = await import('@alicloud/openapi-core');
const { RuntimeOptions } = await import('@darabonba/typescript');
export const Client = sdk.default.default;
export type FcClient = InstanceType<typeof Client>;

export const NODE_LAYER = 'acs:fc:cn-hangzhou:official:layers/Nodejs22/versions/3';

/** A zip of files; a name with `!` in front is executable. */
export function zipOf(files: Record<string, string>): string {
  return Buffer.from(
    zipSync(
      Object.fromEntries(
        Object.entries(files).map(([name, content]) => {
          const mode = name.startsWith('!') ? 0o100755 : 0o100644;
          const options: ZipOptions = { os: 3, attrs: mode << 16 };
          return [name.replace(/^!/, ''), [Buffer.from(content), options]];
        }),
      ),
    ),
  ).toString('base64');
}

/** A minimal server for FC: `handle` is the body of `async (request, response, body) => {…}`. */
export const server = (handle: string, before = '') => `
  const http = require('node:http');
  ${before}
  http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    ${handle}
  }).listen(process.env.FC_SERVER_PORT, '0.0.0.0');
`;

export interface FcUnderTest {
  readonly client: FcClient;
  readonly emulator: FcEmulator;
  readonly listening: Listening;
  readonly account: Account;
  readonly stateDirectory: string;
  /** Every line functions have written. */
  readonly lines: LogLine[];
  /** Processes that were started and have not yet ended. */
  readonly watched: ReadonlySet<number>;
  /** A client with other credentials. */
  clientWith(accessKeyId: string, accessKeySecret: string): FcClient;
  createFunction(functionName: string, source: string, settings?: Record<string, unknown>): Promise<unknown>;
  createHttpTrigger(functionName: string, config?: Record<string, unknown>): Promise<string>;
  createTimer(functionName: string, triggerName: string, config: Record<string, unknown>): Promise<unknown>;
  route(domainName: string, routes: { path: string; functionName: string; methods?: string[] }[]): Promise<unknown>;
  invoke(functionName: string, event?: string): Promise<{ body: string; headers: Record<string, string> }>;
  invokeLater(functionName: string, event?: string, taskId?: string): Promise<number | undefined>;
  /** A request to the emulator under another `Host`, with the answer's head as soon as it is there. */
  open(url: string, options?: RequestOptions): Promise<IncomingMessage>;
  fetch(
    url: string,
    options?: RequestOptions,
  ): Promise<{ status: number; headers: IncomingMessage['headers']; body: string }>;
  /** Ends the emulator and begins another with the same state. */
  restart(): Promise<void>;
  close(): Promise<void>;
}
interface RequestOptions {
  method?: string;
  headers?: OutgoingHttpHeaders;
  body?: string | Buffer;
  signal?: AbortSignal;
}

/** An FC emulator with state of its own, and the vendor's client for it. */
export async function startFcUnderTest(
  options: Partial<FcEmulatorOptions> & { stateDirectory?: string } = {},
): Promise<FcUnderTest> {
  const stateDirectory = options.stateDirectory ?? mkdtempSync(path.join(tmpdir(), 'fc-'));
  const account = options.account ?? createAccount('fc under test');
  const lines: LogLine[] = [];
  const watched = new Set<number>();
  const processes = startReaper();
  const reaper: Reaper = {
    watch(pid) {
      watched.add(pid);
      processes.watch(pid);
    },
    askToEnd: (pid) => processes.askToEnd(pid),
    release(pid) {
      watched.delete(pid);
      processes.release(pid);
    },
    close: () => processes.close(),
  };
  let port = 0;
  const create = () =>
    createFcEmulator({
      region: account.region,
      functionOrigin: (label) => `http://${label}.fcapp.localhost:${port}`,
      endGraceMs: 2000,
      retryBaseMs: 5,
      ...options,
      account,
      stateDirectory,
      reaper,
      log: (line) => lines.push(line),
    });
  let emulator = create();
  const listening = await listen({ handle: (request, response) => emulator.handle(request, response) });
  port = listening.port;
  const clientWith = (accessKeyId: string, accessKeySecret: string) =>
    new Client(
      new $OpenApiUtil.Config({ endpoint: `127.0.0.1:${port}`, protocol: 'http', accessKeyId, accessKeySecret }),
    );
  const client = clientWith(account.operator.accessKeyId, account.operator.accessKeySecret);

  const invokeWith = (functionName: string, event: string, headers: Record<string, string>) =>
    client.invokeFunctionWithOptions(
      functionName,
      new sdk.InvokeFunctionRequest({ body: Readable.from([Buffer.from(event)]) }),
      new sdk.InvokeFunctionHeaders({ commonHeaders: headers }),
      new RuntimeOptions({}),
    );
  const open: FcUnderTest['open'] = (url, { method = 'GET', headers = {}, body, signal } = {}) =>
    new Promise((resolve, reject) => {
      const { host, pathname, search } = new URL(url);
      const path = pathname + search;
      const outgoing = httpRequest({ host: '127.0.0.1', port, method, path, headers: { host, ...headers }, signal });
      outgoing.once('response', resolve);
      outgoing.on('error', reject);
      outgoing.end(body);
    });

  return {
    client,
    listening,
    account,
    stateDirectory,
    lines,
    watched,
    clientWith,
    open,
    get emulator() {
      return emulator;
    },
    createFunction: (functionName, source, settings = {}) =>
      client.createFunction(
        new sdk.CreateFunctionRequest({
          body: new sdk.CreateFunctionInput({
            functionName,
            runtime: 'custom.debian11',
            handler: 'index.handler',
            layers: [NODE_LAYER],
            customRuntimeConfig: { command: ['/opt/nodejs22/bin/node'], args: ['/code/index.js'] },
            code: { zipFile: zipOf({ 'index.js': source, 'package.json': '{"type":"commonjs"}' }) },
            ...settings,
          }),
        }),
      ),
    async createHttpTrigger(functionName, config = {}) {
      const { body } = await client.createTrigger(
        functionName,
        new sdk.CreateTriggerRequest({
          body: new sdk.CreateTriggerInput({
            triggerName: 'http',
            triggerType: 'http',
            triggerConfig: JSON.stringify({ authType: 'anonymous', methods: ['GET', 'POST'], ...config }),
          }),
        }),
      );
      return body?.httpTrigger?.urlInternet ?? '';
    },
    createTimer: (functionName, triggerName, config) =>
      client.createTrigger(
        functionName,
        new sdk.CreateTriggerRequest({
          body: new sdk.CreateTriggerInput({
            triggerName,
            triggerType: 'timer',
            triggerConfig: JSON.stringify(config),
          }),
        }),
      ),
    route: (domainName, routes) =>
      client.createCustomDomain(
        new sdk.CreateCustomDomainRequest({
          body: new sdk.CreateCustomDomainInput({ domainName, protocol: 'HTTP', routeConfig: { routes } }),
        }),
      ),
    async invoke(functionName, event = '') {
      const { body, headers = {} } = await invokeWith(functionName, event, {});
      return { body: await textOf(body), headers };
    },
    async invokeLater(functionName, event = '', taskId) {
      const { statusCode } = await invokeWith(functionName, event, {
        'x-fc-invocation-type': 'Async',
        ...(taskId !== undefined && { 'x-fc-async-task-id': taskId }),
      });
      return statusCode;
    },
    async fetch(url, requestOptions) {
      const answer = await open(url, requestOptions);
      return { status: answer.statusCode ?? 0, headers: answer.headers, body: await textOf(answer) };
    },
    async restart() {
      await emulator.close();
      emulator = create();
    },
    async close() {
      await emulator.close();
      await listening.close();
      await reaper.close();
      rmSync(stateDirectory, { recursive: true, force: true });
    },
  };
}

export async function textOf(stream: AsyncIterable<Buffer> | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

/** Waits until a condition holds; if it never does, the test's own time limit ends the wait. */
export async function until<T>(condition: () => T | Promise<T>): Promise<Exclude<T, undefined | false | null>> {
  for (;;) {
    const value = await condition();
    if (value) return value as Exclude<T, undefined | false | null>;
    await delay(10);
  }
}
