import { raiseAlarm } from '@miaobu/shared/model/audit/raise-alarm';
import type { Repositories } from '@miaobu/shared/model/repositories';
import type { Repair } from './scrub-routes.ts';

/** A write that landed late, or a value changed by hand, makes one route differ, perhaps a few. */
const HANDFUL = 5;
/** A repair that does not last: somebody else writes the value, or Edge KV loses it. */
const REPEATED = 3;
const REPEATED_WITHIN_SECONDS = 60 * 60;
const EXAMPLES = 5;

/**
 * Alerts the operator to repairs of Edge KV that suggest a cause which repairing does not remove. For a conclusion in which the repairs are
 * recorded in the audit log already.
 */
export async function raiseEdgeAlarms(
  repositories: Pick<Repositories, 'auditLog' | 'enqueue'>,
  repairs: readonly Repair[],
  requestId: string,
): Promise<void> {
  const about = { actor: 'deploy', requestId };
  if (repairs.length > HANDFUL) {
    const details = { routes: repairs.length, examples: repairs.slice(0, EXAMPLES).map(({ hostname }) => hostname) };
    await raiseAlarm(repositories, { ...about, action: 'edge.diverged', subject: 'edge', details });
  }
  for (const { hostname, ahead } of repairs) {
    const repaired = { action: 'route.repaired', subject: hostname };
    const times = await repositories.auditLog.countRecent(repaired, REPEATED_WITHIN_SECONDS);
    if (times >= REPEATED) {
      const details = { repairs: times, within_seconds: REPEATED_WITHIN_SECONDS };
      await raiseAlarm(repositories, { ...about, action: 'edge.diverged', subject: hostname, details });
    }
    if (ahead) {
      const details = { hostname, edge_generation: ahead.edge, database_generation: ahead.database };
      await raiseAlarm(repositories, { ...about, action: 'edge.ahead', subject: 'database', details });
    }
  }
}
