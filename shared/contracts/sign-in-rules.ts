import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, noQuery } from './pagination.ts';
import { ifMatch } from './preconditions.ts';

/** The name of a user or an organisation at GitHub. */
const name = z
  .string()
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,37}[A-Za-z0-9])?$/, 'not the name of a user or organisation at GitHub');
const names = z.array(name).max(200);

export const signInRules = z
  .strictObject({
    users: names.describe('The GitHub logins of users who may sign in.'),
    organisations: names.describe('The GitHub names of organizations whose active members may sign in.'),
  })
  .meta({
    id: 'SignInRules',
    description:
      'Who may sign in for the first time. Existing accounts can sign in until they are disabled; without any rules only the very first user gets in.',
  });
export type SignInRules = z.output<typeof signInRules>;

export const getSignInRules = endpoint({
  method: 'GET',
  path: '/api/v1/platform/sign-in-rules',
  summary: 'Returns who may sign in besides those who already have an account.',
  tag: 'platform',
  access: 'platform:read',
  params: noParams,
  query: noQuery,
  body: null,
  etag: true,
  output: signInRules,
  status: 200,
  paginated: false,
  errors: ['not_found'],
});

export const replaceSignInRules = endpoint({
  method: 'PUT',
  path: '/api/v1/platform/sign-in-rules',
  summary:
    'Replaces who may sign in for the first time. Existing accounts are kept; disable those that should not sign in.',
  tag: 'platform',
  access: 'platform:write',
  params: noParams,
  query: noQuery,
  body: signInRules,
  headers: ifMatch,
  etag: true,
  output: signInRules,
  status: 200,
  paginated: false,
  errors: ['not_found', 'precondition_failed'],
});
