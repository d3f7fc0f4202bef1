import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, noQuery, pageQuery } from './pagination.ts';
import { ofDeadLetter } from './path-params.ts';
import { shownTime } from './shown-time.ts';

/** For admins only; everybody else gets 404. */
export const deadLetter = z
  .strictObject({
    id: z.string().describe('The id of the dead letter (`dlt_…`).'),
    topic: z.string().describe('The kind of work, e.g. `build.start`.'),
    payload: z
      .record(z.string(), z.union([z.string(), z.number()]))
      .describe('What the work was about: ids, no content.'),
    attempts: z.int().describe('How often it was tried.'),
    error_class: z
      .string()
      .nullable()
      .describe('The kind of the last error: `transient`, `throttled` or `permanent`; null if unknown.'),
    error: z.string().nullable().describe('The last error; null if unknown.'),
    request_id: z.string().describe('The request that asked for the work, as in `X-Request-Id`.'),
    created_at: shownTime.describe('When the work was asked for.'),
    died_at: shownTime.nullable().describe('When it was given up; null if unknown.'),
  })
  .meta({ id: 'DeadLetter', description: 'Background work that was given up after its last attempt.' });
export type DeadLetter = z.output<typeof deadLetter>;

export const listDeadLetters = endpoint({
  method: 'GET',
  path: '/api/v1/dead-letters',
  summary: 'Lists work that was given up and has been neither replayed nor discarded, newest first.',
  tag: 'dead-letters',
  access: 'platform:read',
  params: noParams,
  query: pageQuery.extend({
    topic: z.string().max(100).optional().describe('Only work of this kind, e.g. `build.start`.'),
  }),
  body: null,
  output: z.array(deadLetter),
  status: 200,
  paginated: true,
  errors: ['not_found'],
});

export const getDeadLetter = endpoint({
  method: 'GET',
  path: '/api/v1/dead-letters/{dead_letter}',
  summary: 'Returns one dead letter.',
  tag: 'dead-letters',
  access: 'platform:read',
  params: ofDeadLetter,
  query: noQuery,
  body: null,
  output: deadLetter,
  status: 200,
  paginated: false,
  errors: ['not_found'],
});

export const replayDeadLetter = endpoint({
  method: 'POST',
  path: '/api/v1/dead-letters/{dead_letter}/replay',
  summary: 'Queues the same work again, counting its attempts from zero.',
  tag: 'dead-letters',
  access: 'platform:write',
  params: ofDeadLetter,
  query: noQuery,
  body: z.strictObject({}),
  output: deadLetter,
  status: 200,
  paginated: false,
  errors: ['not_found', 'deployment_state_conflict'],
});

export const discardDeadLetter = endpoint({
  method: 'POST',
  path: '/api/v1/dead-letters/{dead_letter}/discard',
  summary: 'Discards the work for good.',
  tag: 'dead-letters',
  access: 'platform:write',
  params: ofDeadLetter,
  query: noQuery,
  body: z.strictObject({ reason: z.string().trim().min(1).max(500).describe('Why, for the audit log.') }),
  output: deadLetter,
  status: 200,
  paginated: false,
  errors: ['not_found'],
});
