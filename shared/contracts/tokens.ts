import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, noQuery, pageQuery } from './pagination.ts';
import { ofToken } from './path-params.ts';
import { readOnlyScopes, scopes } from './scopes.ts';
import { shownName } from './shown-name.ts';
import { shownTime } from './shown-time.ts';

const scope = z.enum(scopes);

export const apiToken = z
  .strictObject({
    id: z.string().describe('The id of the token (`tok_…`).'),
    name: z.string().describe('What you called it.'),
    prefix: z.string().describe('Its first characters, to recognize it by.'),
    scopes: z.array(scope).describe('What it may do.'),
    project_ids: z.array(z.string()).nullable().describe('The only projects it can see; null: all of yours.'),
    expires_at: shownTime.nullable().describe('When it stops working; null: never, unless revoked.'),
    last_used_at: shownTime.nullable().describe('When it was last used, to the minute; null if never.'),
    created_at: shownTime.describe('When it was created.'),
  })
  .meta({ id: 'ApiToken', description: 'An API token as its owner sees it later: without the token itself.' });
export type ApiToken = z.output<typeof apiToken>;

const mintedToken = apiToken.extend({
  token: z.string().describe('The token itself, `mb_live_…`. Shown in this answer only.'),
});

export const createApiToken = endpoint({
  method: 'POST',
  path: '/api/v1/tokens',
  summary: 'Creates an API token. The token is in this answer only. By default it may only read.',
  tag: 'account',
  access: 'session',
  params: noParams,
  query: noQuery,
  body: z.strictObject({
    name: shownName(100).describe('What to call it, e.g. what will use it.'),
    scopes: z
      .array(scope)
      .min(1)
      .max(scopes.length)
      .default([...readOnlyScopes])
      .describe('What it may do.'),
    projects: z
      .array(z.string().max(64))
      .min(1)
      .max(50)
      .optional()
      .describe('Ids or slugs of the only projects it can see; it cannot create any. Default: all of yours.'),
    expires_at: shownTime.optional().describe('When it stops working, in the future. Default: never, unless revoked.'),
  }),
  output: mintedToken,
  status: 201,
  paginated: false,
  errors: ['not_found', 'limit_reached'],
});

export const listApiTokens = endpoint({
  method: 'GET',
  path: '/api/v1/tokens',
  summary: 'Lists your API tokens that are not revoked, newest first.',
  tag: 'account',
  access: 'session',
  params: noParams,
  query: pageQuery,
  body: null,
  output: z.array(apiToken),
  status: 200,
  paginated: true,
  errors: [],
});

export const rotateApiToken = endpoint({
  method: 'POST',
  path: '/api/v1/tokens/{token}/rotate',
  summary:
    'Replaces the secret of an API token. The new token is in this answer only; the old one stops working at once, or after `overlap_seconds`.',
  tag: 'account',
  access: 'session',
  params: ofToken,
  query: noQuery,
  body: z.strictObject({
    overlap_seconds: z
      .int()
      .min(0)
      .max(86_400)
      .default(0)
      .describe('For how many seconds the old token keeps working, at most a day.'),
  }),
  output: mintedToken,
  status: 200,
  paginated: false,
  errors: ['not_found', 'conflict'],
});

export const revokeApiToken = endpoint({
  method: 'DELETE',
  path: '/api/v1/tokens/{token}',
  summary: 'Revokes an API token; it stops working immediately.',
  tag: 'account',
  access: 'session',
  params: ofToken,
  query: noQuery,
  body: null,
  output: z.undefined(),
  status: 204,
  paginated: false,
  errors: ['not_found'],
});

export const getCurrentToken = endpoint({
  method: 'GET',
  path: '/api/v1/token',
  summary: 'Returns the API token that this request is made with; null when it is made with a session.',
  tag: 'account',
  access: 'account:read',
  params: noParams,
  query: noQuery,
  body: null,
  output: apiToken.nullable(),
  status: 200,
  paginated: false,
  errors: [],
});

export const revokeHeldToken = endpoint({
  method: 'POST',
  path: '/api/v1/auth/revoke',
  summary:
    'Revokes the API token in the body: whoever holds a token may end it (RFC 7009). The answer is the same whether or not it was valid.',
  tag: 'auth',
  access: 'public',
  params: noParams,
  query: noQuery,
  body: z.strictObject({
    token: z.string().min(1).max(200).describe('The token itself, `mb_live_…`.'),
  }),
  output: z.undefined(),
  status: 204,
  paginated: false,
  errors: [],
});
