import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, noQuery, pageQuery } from './pagination.ts';
import { ofUser } from './path-params.ts';
import { shownTime } from './shown-time.ts';

export const account = z
  .strictObject({
    id: z.string().describe('The id of the user (`usr_…`).'),
    github_login: z.string().describe('Their login on GitHub when they last signed in.'),
    admin: z.boolean().describe('Whether they run the platform.'),
    created_at: shownTime.describe('When they first signed in.'),
    disabled_at: shownTime.nullable().describe('Since when they may not sign in; null if they may.'),
  })
  .meta({ id: 'Account', description: 'A user as those who run the platform see them.' });
export type Account = z.output<typeof account>;

export const listUsers = endpoint({
  method: 'GET',
  path: '/api/v1/platform/users',
  summary: 'Lists everybody who has an account, newest first.',
  tag: 'platform',
  access: 'platform:read',
  params: noParams,
  query: pageQuery,
  body: null,
  output: z.array(account),
  status: 200,
  paginated: true,
  errors: ['not_found'],
});

export const disableUser = endpoint({
  method: 'POST',
  path: '/api/v1/platform/users/{user}/disable',
  summary: 'Disables a user: ends their sessions and refuses their tokens at once. Their sites stay online.',
  tag: 'platform',
  access: 'platform:write',
  params: ofUser,
  query: noQuery,
  body: z.strictObject({}),
  output: account,
  status: 200,
  paginated: false,
  errors: ['not_found', 'conflict'],
});

export const enableUser = endpoint({
  method: 'POST',
  path: '/api/v1/platform/users/{user}/enable',
  summary: 'Enables a user. Their tokens work again; they must sign in again.',
  tag: 'platform',
  access: 'platform:write',
  params: ofUser,
  query: noQuery,
  body: z.strictObject({}),
  output: account,
  status: 200,
  paginated: false,
  errors: ['not_found'],
});
