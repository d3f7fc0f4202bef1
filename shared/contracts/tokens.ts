import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, noQuery, pageQuery } from './pagination.ts';
import { readOnlyScopes, scopes } from './scopes.ts';
import { shownName } from './shown-name.ts';

const time = z.iso.datetime();
const scope = z.enum(scopes);

/** A token as its owner sees it afterwards: never the token itself. */
export const apiToken = z.strictObject({
  id: z.string(),
  name: z.string(),
  /** What its owner recognises it by: its first characters. */
  prefix: z.string(),
  scopes: z.array(scope),
  /** The only projects it is for; null: all of its owner's. */
  project_ids: z.array(z.string()).nullable(),
  expires_at: time.nullable(),
  /** To the minute. */
  last_used_at: time.nullable(),
  created_at: time,
});
export type ApiToken = z.output<typeof apiToken>;

/** The only answer that holds the token. */
const mintedToken = apiToken.extend({ token: z.string() });

const ofToken = z.strictObject({ token: z.string().max(64) });

export const createApiToken = endpoint({
  method: 'POST',
  path: '/api/v1/tokens',
  summary: 'Makes an API token. It is shown in this answer, and never again. Unless told otherwise it may only read.',
  tag: 'account',
  access: 'session',
  params: noParams,
  query: noQuery,
  body: z.strictObject({
    name: shownName(100),
    scopes: z
      .array(scope)
      .min(1)
      .max(scopes.length)
      .default([...readOnlyScopes]),
    /** Ids or slugs. The token finds these projects and no others, and makes none. */
    projects: z.array(z.string().max(64)).min(1).max(50).optional(),
    /** A time to come. Without it the token counts until it is revoked. */
    expires_at: time.optional(),
  }),
  output: mintedToken,
  status: 201,
  paginated: false,
  errors: ['not_found', 'conflict'],
});

export const listApiTokens = endpoint({
  method: 'GET',
  path: '/api/v1/tokens',
  summary: 'Your API tokens that are not revoked, newest first.',
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
    'Gives an API token a new secret, shown in this answer and never again. The old one ends at once, unless an overlap is asked for.',
  tag: 'account',
  access: 'session',
  params: ofToken,
  query: noQuery,
  body: z.strictObject({
    /** How long the old secret still counts: at most a day. */
    overlap_seconds: z.int().min(0).max(86_400).default(0),
  }),
  output: mintedToken,
  status: 200,
  paginated: false,
  errors: ['not_found', 'conflict'],
});

export const revokeApiToken = endpoint({
  method: 'DELETE',
  path: '/api/v1/tokens/{token}',
  summary: 'Ends an API token. The next request with it is refused.',
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
