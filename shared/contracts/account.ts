import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, noQuery } from './pagination.ts';
import { shownTime } from './shown-time.ts';

export const user = z
  .strictObject({
    id: z.string().describe('The id of the user (`usr_…`).'),
    github_login: z.string().describe('Their login on GitHub when they last signed in.'),
    created_at: shownTime.describe('When they first signed in.'),
  })
  .meta({ id: 'User', description: 'A person who has an account.' });
export type User = z.output<typeof user>;

export const getUser = endpoint({
  method: 'GET',
  path: '/api/v1/user',
  aliases: ['/api/v1/public/user'],
  summary: 'Returns the user this credential belongs to.',
  tag: 'account',
  access: 'account:read',
  params: noParams,
  query: noQuery,
  body: null,
  output: user,
  status: 200,
  paginated: false,
  errors: [],
});
