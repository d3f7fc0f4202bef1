import * as z from 'zod';

/** `headers` of an operation that changes what several users may edit: the ETag of what the caller has seen. */
export const ifMatch = z.object({
  'if-match': z
    .string()
    .max(1000)
    .optional()
    .describe('The `ETag` you read. If it has changed since, nothing happens and the answer is 412.'),
});

/** `headers` of an operation that streams events: the id of the last event received. */
export const resumable = z.object({
  'last-event-id': z
    .string()
    .max(200)
    .optional()
    .describe('The id of the last event you received; the stream continues after it. Browsers send it themselves.'),
});
