import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, noQuery, pageQuery } from './pagination.ts';
import { ofSession } from './path-params.ts';
import { shownTime } from './shown-time.ts';

export const session = z
  .strictObject({
    id: z.string().describe('The id of the session (`ses_…`).'),
    user_agent: z.string().describe('What the browser calls itself; empty if it did not say.'),
    address: z.string().nullable().describe('The network address it signed in from; null if unknown.'),
    created_at: shownTime.describe('When it signed in.'),
    last_used_at: shownTime.describe('When it was last used, to the minute.'),
    expires_at: shownTime.describe('When it ends: seven days after it was last renewed.'),
    current: z.boolean().describe('Whether it is the session this request was made with.'),
  })
  .meta({ id: 'Session', description: 'A browser in which you are signed in.' });
export type Session = z.output<typeof session>;

export const listSessions = endpoint({
  method: 'GET',
  path: '/api/v1/sessions',
  summary: 'Lists your sessions, newest first.',
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
  params: ofSession,
  query: noQuery,
  body: null,
  output: z.undefined(),
  status: 204,
  paginated: false,
  errors: ['not_found'],
});
