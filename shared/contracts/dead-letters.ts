import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noQuery, pageQuery } from './pagination.ts';

/** Work that was given up. For the operator only; to everybody else these operations do not exist. */
export const deadLetter = z.strictObject({
  id: z.string(),
  topic: z.string(),
  /** Ids only. */
  payload: z.record(z.string(), z.union([z.string(), z.number()])),
  attempts: z.int(),
  error_class: z.string().nullable(),
  error: z.string().nullable(),
  request_id: z.string(),
  created_at: z.iso.datetime(),
  died_at: z.iso.datetime().nullable(),
});
z.globalRegistry.add(deadLetter, { id: 'DeadLetter' });
export type DeadLetter = z.output<typeof deadLetter>;

const ofDeadLetter = z.strictObject({ dead_letter: z.string().max(64) });

export const listDeadLetters = endpoint({
  method: 'GET',
  path: '/api/v1/dead-letters',
  summary: 'Work that was given up and that nobody has dealt with yet, newest first.',
  tag: 'dead-letters',
  access: 'platform:read',
  params: z.strictObject({}),
  query: pageQuery.extend({ topic: z.string().max(100).optional() }),
  body: null,
  output: z.array(deadLetter),
  status: 200,
  paginated: true,
  errors: ['not_found'],
});

export const getDeadLetter = endpoint({
  method: 'GET',
  path: '/api/v1/dead-letters/{dead_letter}',
  summary: 'One of them.',
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
  summary: 'Asks for the same work again, from the first attempt.',
  tag: 'dead-letters',
  access: 'platform:write',
  params: ofDeadLetter,
  query: noQuery,
  body: z.strictObject({}),
  output: deadLetter,
  status: 200,
  paginated: false,
  errors: ['not_found'],
});

export const discardDeadLetter = endpoint({
  method: 'POST',
  path: '/api/v1/dead-letters/{dead_letter}/discard',
  summary: 'Gives it up for good, with the reason.',
  tag: 'dead-letters',
  access: 'platform:write',
  params: ofDeadLetter,
  query: noQuery,
  body: z.strictObject({ reason: z.string().trim().min(1).max(500) }),
  output: deadLetter,
  status: 200,
  paginated: false,
  errors: ['not_found'],
});
