/** How long deployments are kept, besides those that are pinned or visible (`mark-purgeable.ts`). */
export interface Retention {
  /** Newest deployments of an environment that always stay. */
  readonly keep: number;
  /** Seconds a retired deployment stays: pages that are still open refer to its files. */
  readonly graceSeconds: number;
  /** Seconds a content stays after a build asked for it, whether or not a manifest names it yet. */
  readonly contentGraceSeconds: number;
}

const DAY_SECONDS = 24 * 60 * 60;

export const retention: Retention = { keep: 3, graceSeconds: DAY_SECONDS, contentGraceSeconds: DAY_SECONDS };
