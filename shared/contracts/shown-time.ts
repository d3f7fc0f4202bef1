import * as z from 'zod';

/** A point in time in requests and responses: ISO 8601 in UTC. */
export const shownTime = z.iso.datetime();
