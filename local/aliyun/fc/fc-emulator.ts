import { mkdirSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import type { Reaper } from '../../processes/reaper.ts';
import { AcsError } from '../../wire/acs3.ts';
import type { Emulator } from '../../wire/emulator.ts';
import type { Account } from '../account.ts';
import { createAsyncConfigRecords } from './async-config-records.ts';
import { type AsyncEvent, createAsyncQueue, type Delivery } from './async-queue.ts';
import type { ObjectReader } from './code-input.ts';
import { openCodeStore } from './code-store.ts';
import { createControlPlane, newRequestId } from './control-plane.ts';
import { customDomainOperations } from './custom-domain-operations.ts';
import { createCustomDomainRecords } from './custom-domain-records.ts';
import { invokeEvent } from './event-invocation.ts';
import { openFcState } from './fc-state.ts';
import { createFunctionHost } from './function-host.ts';
import { createFunctionLogs, type LogLine } from './function-logs.ts';
import { functionOperations } from './function-operations.ts';
import { createFunctionRecords } from './function-records.ts';
import { createFunctionUrls } from './function-urls.ts';
import { invokeHttpLater } from './http-invocation.ts';
import { instancePlanner } from './instance-planner.ts';
import { invocationOperations } from './invocation-operations.ts';
import { layerOperations } from './layer-operations.ts';
import { createLayerRecords } from './layer-records.ts';
import { createLayerSets } from './layer-sets.ts';
import { nodeOfThisProcess, type OfficialLayers } from './official-layers.ts';
import { createTimerTriggers } from './timer-triggers.ts';
import { triggerOperations } from './trigger-operations.ts';
import { createTriggerRecords } from './trigger-records.ts';

export interface FcEmulator extends Emulator {
  /** Whether requests to this `Host` are for a function: the URL of an HTTP trigger, or a custom domain. */
  servesHost(host: string): boolean;
  /** Answers a request to such a host, whatever its own `Host` header; 404 for any other. */
  invokeByDomain(host: string, request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** The URL of a function's HTTP trigger. */
  functionUrl(functionName: string): string | undefined;
}

export interface FcEmulatorOptions {
  readonly account: Account;
  readonly region: string;
  /** Outside any checkout: files above a function's code (`package.json`, `node_modules`) change its behaviour. */
  readonly stateDirectory: string;
  readonly reaper: Reaper;
  readonly log: (line: LogLine) => void;
  /** Where `ossBucketName` and `ossObjectName` of a code package are looked up. */
  readonly oss?: ObjectReader;
  readonly officialLayers?: OfficialLayers;
  /** Origin of the HTTP trigger with this first label; it has to lead to this emulator. */
  readonly functionOrigin?: (hostLabel: string) => string;
  readonly now?: () => number;
  /** How long an instance may be idle before it ends. */
  readonly idleSeconds?: number;
  /** Instances of one function, where no concurrency is reserved for it. */
  readonly maxInstances?: number;
  /** Requests to one function that may wait for an instance. */
  readonly maxWaiting?: number;
  readonly startTimeoutMs?: number;
  readonly settleMs?: number;
  readonly endGraceMs?: number;
  readonly retryBaseMs?: number;
}

/**
 * Function Compute 3.0: the control plane (API version 2023-03-30), and a host that runs every function in processes of
 * its own. One handler answers both; the `Host` header tells them apart. Sizes of memory, CPU and disk are checked as FC
 * checks them, and not enforced on the processes.
 */
export function createFcEmulator(options: FcEmulatorOptions): FcEmulator {
  const { account, region, stateDirectory, reaper, oss, now = Date.now } = options;
  const { officialLayers = nodeOfThisProcess } = options;
  const directory = (name: string) => path.join(stateDirectory, name);
  const functionArn = (name: string) => `acs:fc:${region}:${account.accountId}:functions/${name}`;
  const layerArn = (name: string, version: number) =>
    `acs:fc:${region}:${account.accountId}:layers/${name}/versions/${version}`;

  const database = openFcState(stateDirectory);
  const functions = createFunctionRecords(database, now);
  const layers = createLayerRecords(database, layerArn, now);
  const triggers = createTriggerRecords(database, now);
  const domains = createCustomDomainRecords(database, now);
  const asyncConfigs = createAsyncConfigRecords(database, now);
  const inUse = new Set([...functions.all(), ...layers.all()].map(({ code }) => code.digest));
  const code = openCodeStore(directory('code'), (digest) => inUse.has(digest));
  const logs = createFunctionLogs(directory('logs'), options.log, now);
  const homesDirectory = directory('instances');
  rmSync(homesDirectory, { recursive: true, force: true });
  mkdirSync(homesDirectory, { recursive: true });

  const planner = instancePlanner({
    account,
    region,
    code,
    layers,
    layerSets: createLayerSets(directory('layer-sets')),
    officialLayers,
  });
  const host = createFunctionHost({
    find: functions.find,
    planOf: planner.planOf,
    maxInstances: (name) => functions.reservedConcurrency(name) ?? options.maxInstances ?? 10,
    homesDirectory,
    reaper,
    logs,
    startTimeoutMs: options.startTimeoutMs ?? 120_000,
    endGraceMs: options.endGraceMs ?? 5_000,
    idleMs: (options.idleSeconds ?? 60) * 1000,
    settleMs: options.settleMs ?? 20,
    maxWaiting: options.maxWaiting ?? 200,
  });

  const deliver = async (event: AsyncEvent, failures: number, signal: AbortSignal): Promise<Delivery> => {
    const { requestId, payload, request } = event;
    try {
      const lease = await host.acquire(event.functionName, signal);
      const succeeded =
        request.kind === 'event'
          ? (await invokeEvent(lease, { requestId, payload, retryCount: failures, signal })).kind === 'success'
          : await invokeHttpLater(lease, request.head, payload, { requestId, retryCount: failures, signal });
      return succeeded ? 'success' : 'failure';
    } catch (error) {
      if (error instanceof AcsError && error.status === 429) return 'throttled';
      if (error instanceof AcsError && error.status === 412) return 'failure';
      throw error;
    }
  };
  const queue = createAsyncQueue({
    database,
    now,
    deliver,
    configOf: asyncConfigs.effective,
    capacityOf: host.capacity,
    retryBaseMs: options.retryBaseMs ?? 500,
    onGivenUp: ({ functionName, requestId }, why) =>
      logs.write({
        function: functionName,
        instance: '',
        stream: 'platform',
        line: `the asynchronous invocation ${requestId} is given up: ${why}`,
      }),
  });
  const timers = createTimerTriggers((functionName, event) => {
    const payload = Buffer.from(JSON.stringify(event));
    queue.enqueue({ requestId: newRequestId(), functionName, request: { kind: 'event' }, payload });
  }, now);
  const urls = createFunctionUrls({
    triggers,
    domains,
    host,
    queue,
    functionOrigin: options.functionOrigin ?? ((label) => `http://${label}.${region}.fcapp.localhost`),
  });
  const control = createControlPlane(account, [
    ...functionOperations({
      functions,
      triggers,
      code,
      objects: oss,
      host,
      layerSize: planner.layerSize,
      arnOf: functionArn,
    }),
    ...layerOperations(layers, code, oss),
    ...triggerOperations({ functions, triggers, timers, urlOf: urls.urlOf, arnOf: functionArn }),
    ...customDomainOperations(domains, functions, account.accountId),
    ...invocationOperations({ functions, asyncConfigs, queue, host, arnOf: functionArn }),
  ]);

  let closed: Promise<void> | undefined;
  const close = async () => {
    timers.close();
    await Promise.all([queue.close(), host.close()]);
    await logs.close();
    database.close();
  };

  for (const trigger of triggers.all()) timers.arm(trigger);
  queue.start();

  return {
    servesHost: urls.serves,
    invokeByDomain: (hostHeader, request, response) => urls.answer(hostHeader, request, response, newRequestId()),
    functionUrl: (functionName) => triggers.list(functionName).map(urls.urlOf).find(Boolean),
    handle(request, response) {
      const hostHeader = request.headers.host ?? '';
      return urls.serves(hostHeader)
        ? urls.answer(hostHeader, request, response, newRequestId())
        : control(request, response, newRequestId());
    },
    close() {
      closed ??= close();
      return closed;
    },
  };
}
