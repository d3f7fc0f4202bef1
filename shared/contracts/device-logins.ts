import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, noQuery } from './pagination.ts';
import { ofUserCode } from './path-params.ts';
import { scopes } from './scopes.ts';
import { shownName } from './shown-name.ts';
import { shownTime } from './shown-time.ts';

/** Everything that users can do with their own projects. */
const everydayScopes = scopes.filter((scope) => !scope.startsWith('platform:'));

const clientName = shownName(60);

export const startDeviceLogin = endpoint({
  method: 'POST',
  path: '/api/v1/auth/device',
  summary:
    'Starts a device login (RFC 8628): a program without a browser shows a code, and a person approves it elsewhere.',
  tag: 'auth',
  access: 'public',
  params: noParams,
  query: noQuery,
  body: z.strictObject({
    client_name: clientName.describe(
      'What the program calls itself: the person sees it, and the token gets this name.',
    ),
    scopes: z
      .array(z.enum(scopes))
      .min(1)
      .max(scopes.length)
      .default([...everydayScopes])
      .describe('What it asks to be allowed; the person who approves decides.'),
  }),
  output: z.strictObject({
    device_code: z.string().describe('What the program asks for its token with. A secret.'),
    user_code: z.string().describe('What the person compares, or types.'),
    verification_uri: z.url().describe('The page where the person enters the code.'),
    verification_uri_complete: z.url().describe('The same page with the code filled in.'),
    expires_in: z.int().describe('For how many seconds the codes are valid.'),
    interval: z.int().describe('How many seconds to wait between two requests for the token.'),
  }),
  status: 201,
  paginated: false,
  errors: [],
});

export const redeemDeviceLogin = endpoint({
  method: 'POST',
  path: '/api/v1/auth/device/token',
  summary: 'Returns the API token once the person has approved. The token is in this answer only.',
  tag: 'auth',
  access: 'public',
  params: noParams,
  query: noQuery,
  body: z.strictObject({
    device_code: z.string().min(1).max(200).describe('The `device_code` that the login was started with.'),
  }),
  output: z.strictObject({
    token: z.string().describe('The API token. Shown in this answer only.'),
    name: z.string().describe('The name of the token: the `client_name`.'),
    scopes: z.array(z.enum(scopes)).describe('What the token may do.'),
  }),
  status: 200,
  paginated: false,
  errors: ['authorization_pending', 'slow_down', 'expired_token', 'access_denied', 'limit_reached'],
});

const deviceLogin = z
  .strictObject({
    user_code: z.string().describe('The code that the program shows.'),
    client_name: z.string().describe('What the program calls itself.'),
    scopes: z.array(z.enum(scopes)).describe('What it asks to be allowed.'),
    address: z.string().nullable().describe('The network address it asked from; null if unknown.'),
    created_at: shownTime.describe('When it asked.'),
    expires_at: shownTime.describe('Until when it can be approved.'),
  })
  .meta({ id: 'DeviceLogin', description: 'A program that waits for somebody to approve its login.' });
export type DeviceLogin = z.output<typeof deviceLogin>;

export const getDeviceLogin = endpoint({
  method: 'GET',
  path: '/api/v1/device-logins/{user_code}',
  summary: 'Returns the program that waits with this code.',
  tag: 'auth',
  access: 'session',
  params: ofUserCode,
  query: noQuery,
  body: null,
  output: deviceLogin,
  status: 200,
  paginated: false,
  errors: ['not_found'],
});

export const approveDeviceLogin = endpoint({
  method: 'POST',
  path: '/api/v1/device-logins/{user_code}/approve',
  summary: 'Approves the login: the program gets an API token of yours with these scopes.',
  tag: 'auth',
  access: 'session',
  params: ofUserCode,
  query: noQuery,
  body: z.strictObject({
    scopes: z.array(z.enum(scopes)).min(1).max(scopes.length).describe('What the token may do.'),
  }),
  output: deviceLogin,
  status: 200,
  paginated: false,
  errors: ['not_found', 'limit_reached'],
});

export const denyDeviceLogin = endpoint({
  method: 'POST',
  path: '/api/v1/device-logins/{user_code}/deny',
  summary: 'Denies the login: the program gets nothing.',
  tag: 'auth',
  access: 'session',
  params: ofUserCode,
  query: noQuery,
  body: z.strictObject({}),
  output: deviceLogin,
  status: 200,
  paginated: false,
  errors: ['not_found'],
});
