import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, noQuery, pageQuery } from './pagination.ts';

/** An account as those who run the platform see it. */
export const account = z.strictObject({
  id: z.string(),
  github_login: z.string(),
  admin: z.boolean(),
  created_at: z.iso.datetime(),
  /** Since when it may not sign in, if it may not. */
  disabled_at: z.iso.datetime().nullable(),
});
export type Account = z.output<typeof account>;

const ofUser = z.strictObject({ user: z.string().max(64) });

export const listUsers = endpoint({
  method: 'GET',
  path: '/api/v1/platform/users',
  summary: 'Everybody who has an account, newest first.',
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
  summary: 'Ends all sessions of a user and refuses their tokens, at once. Their sites go on.',
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
  summary: 'Lets a user in again. Their tokens count again; they sign in anew.',
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
