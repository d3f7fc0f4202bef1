/** The time of one run: the database's, every worker's and the vendors'. Moves only when the simulator says so. */
export interface VirtualClock {
  /** Milliseconds since the run began. */
  now(): number;
  /** The same as a date. */
  date(): Date;
  advance(seconds: number): void;
}

/** When every run begins; `chaos-database.ts` gives Postgres the same. */
export const BEGINNING = '2031-01-01T00:00:00.000Z';

export function virtualClock(): VirtualClock {
  let now = 0;
  return {
    now: () => now,
    date: () => new Date(Date.parse(BEGINNING) + now),
    advance(seconds) {
      now += Math.round(seconds * 1000);
    },
  };
}
