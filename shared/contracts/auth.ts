import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, noQuery } from './pagination.ts';

/** Names of the cookies. Browsers enforce the rules of the prefix `__Host-`. */
export const LOGIN_COOKIE = '__Host-mb_login';
export const REFRESH_COOKIE = '__Host-mb_refresh';

const ofBrowser = { 'user-agent': z.string().optional().describe('What the browser calls itself.') };

/** Headers in which a browser states where a request comes from. Not strict: a request has other headers too. */
const ofScript = z.object({
  ...ofBrowser,
  origin: z.string().optional().describe('The origin of the page that asks.'),
});

const loginCookie = z.object({
  [LOGIN_COOKIE]: z.string().optional().describe('Ties the sign-in to the browser it was started in. We set it.'),
});

export const accessToken = z
  .strictObject({
    access_token: z.string().describe('Send it with API requests, as `Authorization: Bearer {access_token}`.'),
    token_type: z.literal('Bearer').describe('Always `Bearer`.'),
    expires_in: z.int().describe('For how many seconds it is valid.'),
  })
  .meta({ id: 'AccessToken', description: 'What API requests of a session are made with, for ten minutes.' });

export const startGithubLogin = endpoint({
  method: 'GET',
  path: '/api/v1/auth/github',
  summary: 'Sends the browser to GitHub to sign in.',
  tag: 'auth',
  access: 'public',
  params: noParams,
  query: z.strictObject({
    next: z
      .string()
      .max(2000)
      .optional()
      .describe('The path to open after signing in. Default, and for anything but a path on this origin: `/`.'),
  }),
  body: null,
  cookies: loginCookie,
  answers: 'redirect',
  output: z.null(),
  status: 302,
  paginated: false,
  errors: [],
});

export const finishGithubLogin = endpoint({
  method: 'GET',
  path: '/api/v1/auth/github/callback',
  summary:
    'Where GitHub sends the browser back to: starts a session, kept in a cookie, and redirects to the path given as `next`.',
  tag: 'auth',
  access: 'public',
  params: noParams,
  // Not strict: GitHub adds parameters (`error_uri`, `iss`, `setup_action`, …).
  query: z.object({
    code: z.string().max(1000).optional().describe('What GitHub gives for a successful sign-in.'),
    state: z.string().max(1000).optional().describe('The state that the sign-in was started with.'),
    error: z.string().max(1000).optional().describe('Why GitHub refused.'),
  }),
  body: null,
  headers: z.object(ofBrowser),
  cookies: loginCookie,
  answers: 'redirect',
  output: z.null(),
  status: 302,
  paginated: false,
  errors: [
    'sign_in_expired',
    'sign_in_refused',
    'code_host_unavailable',
    'code_host_throttled',
    'vendor_rejected',
    'platform_misconfigured',
  ],
});

export const refreshSession = endpoint({
  method: 'POST',
  path: '/api/v1/auth/refresh',
  summary:
    'Returns an access token for the session in the cookie, and renews the session for seven days. Only for pages of this origin.',
  tag: 'auth',
  access: 'public',
  params: noParams,
  query: noQuery,
  body: z.strictObject({}),
  headers: ofScript,
  cookies: z.object({
    [REFRESH_COOKIE]: z
      .string()
      .optional()
      .describe('The session. We set it when somebody signs in, and renew it here.'),
  }),
  output: accessToken,
  status: 200,
  paginated: false,
  errors: ['unauthorized', 'forbidden'],
});

export const signOut = endpoint({
  method: 'POST',
  path: '/api/v1/auth/sign-out',
  summary: 'Signs out: ends this session.',
  tag: 'auth',
  access: 'session',
  params: noParams,
  query: noQuery,
  body: z.strictObject({}),
  output: z.undefined(),
  status: 204,
  paginated: false,
  errors: [],
});

export const signOutEverywhere = endpoint({
  method: 'POST',
  path: '/api/v1/auth/sign-out-everywhere',
  summary: 'Ends all of your sessions, this one included. API tokens keep working.',
  tag: 'auth',
  access: 'session',
  params: noParams,
  query: noQuery,
  body: z.strictObject({}),
  output: z.undefined(),
  status: 204,
  paginated: false,
  errors: [],
});
