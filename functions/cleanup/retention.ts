/** How long deployments are kept, apart from pinned and visible ones (`mark-purgeable.ts`). */
export interface Retention {
  /** Newest deployments of an environment that are always kept. */
  readonly keep: number;
  /** Seconds a retired deployment is kept, because pages still open refer to its files. */
  readonly graceSeconds: number;
  /** Seconds a content is kept after a build requested it, whether or not a manifest names it yet. */
  readonly contentGraceSeconds: number;
}

const DAY_SECONDS = 24 * 60 * 60;

export const retention: Retention = { keep: 3, graceSeconds: DAY_SECONDS, contentGraceSeconds: DAY_SECONDS };
