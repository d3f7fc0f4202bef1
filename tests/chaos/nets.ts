/**
 * The safety nets that a run may go without. Each catches what another misses, so the platform reaches
 * the same end without any one of them.
 */
export const nets = {
  doorbell: 'nobody is woken by an event, only by the timer',
  timer: 'the timer rings every ten minutes rather than every minute',
  scrub: 'nobody compares the edge with the database (and no write lands there after a newer one)',
  sync: 'no branch is asked for its head unless a push came out of order',
  redelivery: 'no failed delivery is asked for again',
} as const;
export type Net = keyof typeof nets;
export const netNames = Object.keys(nets) as Net[];
