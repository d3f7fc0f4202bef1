/**
 * The program of the edge host: one process that runs the published routines and serves visitors. The control plane starts
 * it (`edge-supervisor.ts`), keeps it up to date over IPC, and kills it when it stops answering pings.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { setClientAddress } from './edge/client-address.ts';
import { createEdgeCache } from './edge/edge-cache.ts';
import { LOOP_TOKEN } from './edge/edge-fetch.ts';
import { createEdgeKvStore } from './edge/edge-kv-store.ts';
import type { FromEdge, PublishedRoutine, ToEdge } from './edge/edge-messages.ts';
import { purgeMatcher } from './edge/purge-matcher.ts';
import { loadRoutine } from './edge/routine-context.ts';
import { routineGlobals } from './edge/routine-globals.ts';
import { createVisitorService } from './edge/serve-visitor.ts';

const tell = (message: FromEdge) => process.send?.(message);
const log = (line: string) => console.error(line);

// An unhandled rejection of a routine, or a throw in one of its timers, must not affect other requests.
process.on('unhandledRejection', (error) =>
  log(`unhandled rejection: ${error instanceof Error ? error.stack : error}`),
);
process.on('uncaughtException', (error) => log(`uncaught exception: ${error.stack}`));
// The control plane is gone.
process.on('disconnect', () => process.exit(0));

function start({ port, ossOrigin, zone, routines, kv }: Extract<ToEdge, { kind: 'start' }>) {
  const [pageCache, cacheApi, kvStore] = [createEdgeCache(), createEdgeCache(), createEdgeKvStore()];
  const visitors = createVisitorService({ origin: ossOrigin, cache: pageCache, log });
  const listener = getRequestListener((request) => visitors.serve(request));
  const globals = routineGlobals({ readKv: kvStore.read, cacheApi, fetchFromZone: visitors.fetchFromZone });
  const publish = (routine: PublishedRoutine) => {
    try {
      visitors.setRoutine(routine.name, loadRoutine(routine, globals));
    } catch (error) {
      log(`${routine.name} ${routine.version} does not load: ${error instanceof Error ? error.stack : error}`);
      visitors.setRoutine(routine.name, undefined);
    }
  };
  visitors.setZone(zone);
  for (const entry of kv) kvStore.apply(entry);
  for (const routine of routines) publish(routine);

  const server = createServer((request, response) => {
    if (request.method === 'TRACE') return void response.writeHead(405).end();
    if (String(request.headers['cdn-loop'] ?? '').includes(LOOP_TOKEN)) return void response.writeHead(508).end();
    setClientAddress(request);
    void listener(request, response);
  });
  server.on('connect', (_request, socket) =>
    socket.end('HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\n\r\n'),
  );
  server.requestTimeout = 0;
  server.keepAliveTimeout = 65_000;
  server.once('error', (error) => tell({ kind: 'failed', reason: error.message }));
  server.listen(port, '127.0.0.1', () => tell({ kind: 'listening', port: (server.address() as AddressInfo).port }));

  return (message: Exclude<ToEdge, { kind: 'start' }>) => {
    switch (message.kind) {
      case 'zone':
        return visitors.setZone(message.zone);
      case 'routine':
        return publish(message.routine);
      case 'kv':
        return kvStore.apply(message.entry);
      case 'purge': {
        const covers = purgeMatcher(message.target);
        pageCache.deleteWhere(covers);
        if (message.target.edgeCompute) cacheApi.deleteWhere(covers);
        tell({ kind: 'purged', taskId: message.taskId });
        return;
      }
      case 'ping':
        tell({ kind: 'pong' });
        return;
    }
  };
}

let apply: ReturnType<typeof start> | undefined;
process.on('message', (message: ToEdge) => {
  if (message.kind === 'start') apply = start(message);
  else apply?.(message);
});
