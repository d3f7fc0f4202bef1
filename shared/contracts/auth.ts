import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, noQuery } from './pagination.ts';

/** Names of the cookies. The browser insists on what `__Host-` promises. */
export const LOGIN_COOKIE = '__Host-mb_login';
export const REFRESH_COOKIE = '__Host-mb_refresh';

const ofBrowser = { 'user-agent': z.string().optional() };

/** What a browser says about where a request comes from. Objects, not strict ones: a request has other headers too. */
const ofScript = z.object({ ...ofBrowser, origin: z.string().optional() });

/** What API requests are made with for ten minutes: `Authorization: Bearer {access_token}`. */
export const accessToken = z.strictObject({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  /** Seconds. */
  expires_in: z.int(),
});
export type AccessToken = z.output<typeof accessToken>;

export const startGithubLogin = endpoint({
  method: 'GET',
  path: '/api/v1/auth/github',
  summary: 'Sends the browser to GitHub to sign in, and afterwards to a path of ours.',
  tag: 'auth',
  access: 'public',
  params: noParams,
  query: z.strictObject({
    /** Where to go on; what is no path of ours is `/`. */
    next: z.string().max(2000).optional(),
  }),
  body: null,
  cookies: z.object({ [LOGIN_COOKIE]: z.string().optional() }),
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
    'Where GitHub sends the browser back: begins a session, in a cookie, and goes on to where the sign-in was asked for.',
  tag: 'auth',
  access: 'public',
  params: noParams,
  // GitHub adds what it likes (`error_uri`, `iss`, `setup_action`, …).
  query: z.object({
    code: z.string().max(1000).optional(),
    state: z.string().max(1000).optional(),
    error: z.string().max(1000).optional(),
  }),
  body: null,
  headers: z.object(ofBrowser),
  cookies: z.object({ [LOGIN_COOKIE]: z.string().optional() }),
  answers: 'redirect',
  output: z.null(),
  status: 302,
  paginated: false,
  errors: ['sign_in_expired', 'sign_in_refused', 'code_host_unavailable', 'code_host_throttled', 'vendor_rejected'],
});

export const refreshSession = endpoint({
  method: 'POST',
  path: '/api/v1/auth/refresh',
  summary:
    'An access token for the session in the cookie, which is renewed for seven days. For scripts of our own pages only.',
  tag: 'auth',
  access: 'public',
  params: noParams,
  query: noQuery,
  body: z.strictObject({}),
  headers: ofScript,
  cookies: z.object({ [REFRESH_COOKIE]: z.string().optional() }),
  output: accessToken,
  status: 200,
  paginated: false,
  errors: ['unauthorized', 'forbidden'],
});

export const signOut = endpoint({
  method: 'POST',
  path: '/api/v1/auth/sign-out',
  summary: 'Ends this session.',
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
  summary: 'Ends all sessions of whoever asks, this one too. API tokens go on.',
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
