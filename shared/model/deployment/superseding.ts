import type { Mover } from './deployment-lifecycle.ts';
import type { Move } from './move-deployments-sql.ts';

/** The move of a deployment that waits for its build when a newer one is queued. */
export const superseding = (by: Mover): Omit<Move, 'requestId'> => ({
  to: 'cancelled',
  by,
  set: { reason: 'superseded', reasonMessage: 'A newer deployment was queued before this build began.' },
});
