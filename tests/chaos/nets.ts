/**
 * The safety nets that a run may disable. Each catches what another misses, so the platform converges
 * without any one of them.
 */
export const nets = {
  doorbell: 'workers are started by the timer only, never by an event',
  timer: 'the timer fires every ten minutes rather than every minute',
  scrub: 'nothing compares the edge with the database (and no write lands after a newer one)',
  sync: 'no branch head is read unless a push came out of order',
  redelivery: 'no failed delivery is sent again',
} as const;
export type Net = keyof typeof nets;
export const netNames = Object.keys(nets) as Net[];
