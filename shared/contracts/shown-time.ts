import * as z from 'zod';

/** A point in time, as answers and requests write it: ISO 8601 in UTC. */
export const shownTime = z.iso.datetime();
