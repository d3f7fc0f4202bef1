import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, noQuery, pageQuery } from './pagination.ts';

/** A browser that is signed in. */
export const session = z.strictObject({
  id: z.string(),
  /** What the browser said it is; empty when it said nothing. */
  user_agent: z.string(),
  /** The network address it signed in from; null when that is not known. */
  address: z.string().nullable(),
  created_at: z.iso.datetime(),
  /** To the minute. */
  last_used_at: z.iso.datetime(),
  /** Seven days after it was last continued. */
  expires_at: z.iso.datetime(),
  /** Whether it is the one that asks. */
  current: z.boolean(),
});
export type Session = z.output<typeof session>;

export const listSessions = endpoint({
  method: 'GET',
  path: '/api/v1/sessions',
  summary: 'Where you are signed in, newest first.',
  tag: 'account',
  access: 'session',
  params: noParams,
  query: pageQuery,
  body: null,
  output: z.array(session),
  status: 200,
  paginated: true,
  errors: [],
});

export const endSession = endpoint({
  method: 'DELETE',
  path: '/api/v1/sessions/{session}',
  summary: 'Ends one of your sessions.',
  tag: 'account',
  access: 'session',
  params: z.strictObject({ session: z.string().max(64) }),
  query: noQuery,
  body: null,
  output: z.undefined(),
  status: 204,
  paginated: false,
  errors: ['not_found'],
});
