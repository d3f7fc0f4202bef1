import type { Reaper } from '../../processes/reaper.ts';
import type { Emulator } from '../../wire/emulator.ts';
import type { Account, Credentials } from '../account.ts';
import type { KvEntry } from './edge/edge-messages.ts';
import { type EdgeHost, superviseEdgeHost } from './edge-supervisor.ts';
import { openEsaState } from './esa-state.ts';
import { allKvEntries, kvActions } from './kv-actions.ts';
import { delayedKv } from './kv-propagation.ts';
import { completePurge, purgeActions } from './purge-actions.ts';
import { edgeRecords, recordActions } from './record-actions.ts';
import { publishedRoutines, routineActions } from './routine-actions.ts';
import { edgeRoutes, routineRouteActions } from './routine-route-actions.ts';
import { createRpcService } from './rpc-service.ts';
import { allSites, type Site, siteActions } from './site-actions.ts';
import type { UploadTarget } from './staging-upload-form.ts';

export interface EsaEmulatorOptions {
  readonly account: Account;
  /** A directory, or `:memory:`. */
  readonly stateDirectory: string;
  /** The zones the account owns, such as `sites.localhost`. */
  readonly siteNames: readonly string[];
  readonly uploadTarget: UploadTarget;
  /** Where the edge reads private buckets: `endpoint` is OSS by HTTP, path style. */
  readonly ossOrigin: { readonly endpoint: string; readonly credentials: Credentials };
  /** Kills the edge host when this process dies. */
  readonly reaper: Reaper;
  /** The port visitors are served on; 0 (the default) takes any. */
  readonly edgePort?: number;
  readonly strictKvKeys?: boolean;
  /** How long a KV write takes to reach the edge, in milliseconds; called at every write. Default: no delay. */
  readonly kvPropagationMs?: () => number;
  readonly heartbeatTimeoutMs?: number;
  /** What routines print, line by line. Default: standard error. */
  readonly log?: (line: string) => void;
}

export interface EsaEmulator extends Emulator {
  readonly edge: EdgeHost;
  /** The sites with their ids, as a deployer would get them from ListSites. */
  readonly sites: readonly Site[];
}

/**
 * Edge Security Acceleration (ESA, API 2024-09-10): KV, records, purge and edge routines of one account, and the edge that
 * runs what is published. The state is durable; the edge is a process of its own and may be lost at any time.
 */
export function createEsaEmulator(options: EsaEmulatorOptions): EsaEmulator {
  const { account } = options;
  const state = openEsaState(options.stateDirectory, options.siteNames);
  const zone = () => ({ records: edgeRecords(state), routes: edgeRoutes(state) });
  const edge = superviseEdgeHost({
    port: options.edgePort ?? 0,
    reaper: options.reaper,
    snapshot: () => ({
      ossOrigin: { region: account.region, ...options.ossOrigin },
      zone: zone(),
      routines: publishedRoutines(state),
      kv: allKvEntries(state),
    }),
    purged: (taskId) => completePurge(state, taskId),
    log: options.log ?? ((line) => console.error(`[edge] ${line}`)),
    heartbeatTimeoutMs: options.heartbeatTimeoutMs ?? 5000,
  });
  const propagation = delayedKv(options.kvPropagationMs ?? (() => 0), (entry: KvEntry) =>
    edge.send({ kind: 'kv', entry }),
  );
  const zoneChanged = () => edge.send({ kind: 'zone', zone: zone() });

  const handle = createRpcService(account, '2024-09-10', {
    ...siteActions(state),
    ...kvActions(state, { strictKvKeys: options.strictKvKeys ?? false, changed: propagation.changed }),
    ...recordActions(state, zoneChanged),
    ...purgeActions(state, (taskId, target) => edge.send({ kind: 'purge', taskId, target })),
    ...routineActions(state, options.uploadTarget, (routine) => edge.send({ kind: 'routine', routine })),
    ...routineRouteActions(state, zoneChanged),
  });

  return {
    handle,
    edge,
    sites: allSites(state),
    async close() {
      propagation.close();
      await edge.close();
      state.database.close();
    },
  };
}
