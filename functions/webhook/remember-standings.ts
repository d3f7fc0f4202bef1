import type { PushStanding } from '@miaobu/shared/model/delivery/push-repository';

/** An instance takes the pushes of some projects again and again; of so many it knows how things stood after the last one. */
const AT_MOST = 1000;

export interface RememberedStandings {
  find(projectId: string): PushStanding | undefined;
  keep(projectId: string, standing: PushStanding): void;
  forget(projectId: string): void;
}

/**
 * What an instance left behind when it took a push, so that the next one of the project is taken without looking. It may be wrong by then;
 * the statement that takes a push does nothing in that case.
 */
export function rememberStandings(): RememberedStandings {
  const standings = new Map<string, PushStanding>();
  return {
    find: (projectId) => standings.get(projectId),
    keep(projectId, standing) {
      standings.delete(projectId);
      standings.set(projectId, standing);
      // The order of a Map is that of insertion: the first was kept longest ago.
      const [oldest] = standings.keys();
      if (standings.size > AT_MOST && oldest !== undefined) standings.delete(oldest);
    },
    forget: (projectId) => void standings.delete(projectId),
  };
}
