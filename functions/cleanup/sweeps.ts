import type { Store } from '@miaobu/shared/model/repositories';
import type { EdgeStore } from '@miaobu/shared/ports/edge-store';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';
import { forgetHistory } from './forget-history.ts';
import { removeLeftovers } from './remove-leftovers.ts';
import { resumeTeardowns } from './resume-teardowns.ts';
import type { Retention } from './retention.ts';
import type { Deps as CleanupDeps } from './run-cleanup.ts';
import { sweepBlobs } from './sweep-blobs.ts';
import { sweepInventory } from './sweep-inventory.ts';

export interface Deps {
  readonly store: Store;
  readonly objectStore: ObjectStore;
  readonly edgeStore: EdgeStore;
  readonly retention: Retention;
  /** The domain that sites' hostnames end in. */
  readonly sitesDomain: string;
  /** Monotonic milliseconds. */
  readonly monotonicMs: () => number;
}

/** Every sweep of a round, keyed by the name of what it counts. */
export const sweeps = (deps: Deps) =>
  ({
    quick: { teardowns: resumeTeardowns(deps), forgotten: forgetHistory(deps) },
    long: {
      emptied: removeLeftovers(deps),
      swept: sweepBlobs({ ...deps, graceSeconds: deps.retention.contentGraceSeconds }),
      orphans: sweepInventory(deps),
    },
  }) satisfies CleanupDeps['sweeps'];
