import type { PushStanding } from '@miaobu/shared/model/delivery/push-repository';

/** The most projects whose state after their last push an instance caches. */
const AT_MOST = 1000;

export interface RememberedStandings {
  find(projectId: string): PushStanding | undefined;
  keep(projectId: string, standing: PushStanding): void;
  forget(projectId: string): void;
}

/**
 * The state an instance left behind when it accepted a push, so that the project's next push needs no lookup. It may be stale; the
 * statement that accepts a push then does nothing.
 */
export function rememberStandings(): RememberedStandings {
  const standings = new Map<string, PushStanding>();
  return {
    find: (projectId) => standings.get(projectId),
    keep(projectId, standing) {
      standings.delete(projectId);
      standings.set(projectId, standing);
      // A Map iterates in insertion order, so the first entry is the oldest.
      const [oldest] = standings.keys();
      if (standings.size > AT_MOST && oldest !== undefined) standings.delete(oldest);
    },
    forget: (projectId) => void standings.delete(projectId),
  };
}
