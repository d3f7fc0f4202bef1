import { type EdgeRoute, kvKey, parseRoute, ROUTE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { describeError } from '@miaobu/shared/kernel/describe-error';
import { readId } from '@miaobu/shared/kernel/ids';
import type { Lease, TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import { publishMessage } from '@miaobu/shared/model/route/publish-message';
import { scrubMessage } from '@miaobu/shared/model/route/scrub-message';
import { type WantedRoute, wantedRoute } from '@miaobu/shared/model/route/wanted-route';
import type { EdgeStore } from '@miaobu/shared/ports/edge-store';
import { raiseEdgeAlarms } from './raise-edge-alarms.ts';

/** A round starts this often. */
export const SCRUB_SECONDS = 5 * 60;
/** Shorter than a round: what was compared at the end of the last one is due in this one. */
const VERIFIED_SECONDS = 3 * 60;
/** Routes compared per message; if there may be more, another message continues. */
const BATCH = 100;
const PARALLEL_READS = 8;
/** A database that lost its last commits is behind by a few switches. A generation further off than this was never ours. */
const LOST_SWITCHES_LIMIT = 10_000;

export interface Deps {
  readonly store: Pick<Store, 'routes' | 'environments' | 'deployments' | 'projects' | 'isQueued'>;
  readonly edgeStore: Pick<EdgeStore, 'get'>;
}

/** A value at the edge that differs from what the database wanted when it was read. */
interface Difference {
  readonly wanted: WantedRoute;
  readonly found: string | undefined;
}

/**
 * `route.scrub`: compares Edge KV with the database, routes verified longest ago first. Differences are published again and recorded in
 * the audit log; many or repeated ones raise an alarm. It repairs what nothing else would notice: a write that landed after a newer one,
 * commits lost by a failover, a manually changed value. A route that could not be read, or is just being published, comes first in the next
 * round. Droppable: that starts in minutes.
 */
export const scrubRoutes = ({ store, edgeStore }: Deps): TopicHandler<'route.scrub'> => ({
  droppable: true,
  async work(_, lease, { requestId, log }) {
    const hostnames = await store.routes.listUnverified(VERIFIED_SECONDS, BATCH);
    const compared: string[] = [];
    const differences: Difference[] = [];
    const failures: unknown[] = [];
    const compare = async (hostname: string) => {
      // Publishing includes reading back, and a check in the middle of it would prove nothing.
      if (await store.isQueued(publishMessage(hostname, requestId))) return;
      const wanted = await wantedRoute(store, hostname);
      if (wanted) {
        lease.assertTrusted();
        const found = await edgeStore.get(ROUTE_NAMESPACE, kvKey(hostname));
        if (found !== wanted.shown?.value) differences.push({ wanted, found });
      }
      compared.push(hostname);
    };
    const queue = [...hostnames];
    const reader = async () => {
      for (let hostname = queue.shift(); hostname !== undefined; hostname = queue.shift()) {
        await compare(hostname).catch((error: unknown) => failures.push(error));
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_READS }, reader));
    const [failure] = failures;
    if (failure !== undefined) {
      if (compared.length === 0) throw failure;
      log.warn('some routes could not be compared', { failed: failures.length, ...describeError(failure) });
    }
    return async (repositories) => {
      const repairs: Repair[] = [];
      for (const difference of differences) {
        const done = await repair(repositories, difference, lease, requestId);
        if (done) repairs.push(done);
      }
      await raiseEdgeAlarms(repositories, repairs, requestId);
      await repositories.routes.markVerified(compared);
      // If nothing could be compared, the same routes would come again at once.
      if (hostnames.length === BATCH && compared.length > 0) await repositories.enqueue(scrubMessage(requestId));
    };
  },
});

/** A route that had to be published again. */
export interface Repair {
  readonly hostname: string;
  /** The edge's and the database's generation, where the edge's was ahead. */
  readonly ahead: { readonly edge: number; readonly database: number } | undefined;
}

/** Requests the value to be written again, unless the route has changed since it was read. */
async function repair(
  repositories: Repositories,
  { wanted: before, found }: Difference,
  lease: Lease,
  requestId: string,
): Promise<Repair | undefined> {
  const { hostname, lastFence } = before.route;
  await repositories.environments.lockByHostname(hostname);
  const wanted = await wantedRoute(repositories, hostname);
  // Every publisher takes the route over first.
  if (!wanted || wanted.route.lastFence !== lastFence || wanted.shown?.value !== before.shown?.value) return undefined;

  const seen = found === undefined ? undefined : parseRoute(found);
  const seenId = readId('deployment', seen?.deployment_id ?? '');
  // A visitor may be looking at it: it is kept for another hour.
  if (seenId && (await repositories.deployments.find(seenId)))
    await repositories.routes.expose(hostname, seenId, lease.token);

  const { environment } = wanted;
  const lostSwitches = (seen?.gen ?? 0) - environment.generation;
  const isAhead = lostSwitches > 0 && lostSwitches < LOST_SWITCHES_LIMIT;
  if (seen && isAhead) {
    // The edge knows switches that the database has lost. The next write must have a higher generation.
    await repositories.environments.raiseGeneration(environment.id, seen.gen);
    for (const each of await repositories.routes.bumpDesired(environment.id)) {
      await repositories.enqueue(publishMessage(each, requestId));
    }
  }
  await repositories.enqueue(publishMessage(hostname, requestId));
  await repositories.auditLog.append({
    actor: 'deploy',
    action: 'route.repaired',
    subject: hostname,
    details: { found: describe(found, seen), wanted: describe(wanted.shown?.value, wanted.shown?.edgeRoute) },
    requestId,
  });
  return { hostname, ahead: seen && isAhead ? { edge: seen.gen, database: environment.generation } : undefined };
}

const describe = (value: string | undefined, route: EdgeRoute | undefined) => {
  if (value === undefined) return null;
  return route ? { deployment_id: route.deployment_id, gen: route.gen } : 'malformed';
};
