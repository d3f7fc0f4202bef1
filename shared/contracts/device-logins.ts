import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, noQuery } from './pagination.ts';
import { scopes } from './scopes.ts';
import { shownName } from './shown-name.ts';

/** Everything that a person does with their own projects. */
const everydayScopes = scopes.filter((scope) => !scope.startsWith('platform:'));

const clientName = shownName(60);

export const startDeviceLogin = endpoint({
  method: 'POST',
  path: '/api/v1/auth/device',
  summary: 'Begins to let a program in without a browser of its own (RFC 8628): a person approves it elsewhere.',
  tag: 'auth',
  access: 'public',
  params: noParams,
  query: noQuery,
  body: z.strictObject({
    /** What the person is shown, and what the token will be called. */
    client_name: clientName,
    /** What it would like to be allowed; whoever approves decides. */
    scopes: z
      .array(z.enum(scopes))
      .min(1)
      .max(scopes.length)
      .default([...everydayScopes]),
  }),
  output: z.strictObject({
    /** For the program alone, to ask with. */
    device_code: z.string(),
    /** What the person compares, or types. */
    user_code: z.string(),
    verification_uri: z.url(),
    verification_uri_complete: z.url(),
    /** Seconds. */
    expires_in: z.int(),
    /** Seconds between two questions. */
    interval: z.int(),
  }),
  status: 201,
  paginated: false,
  errors: [],
});

export const redeemDeviceLogin = endpoint({
  method: 'POST',
  path: '/api/v1/auth/device/token',
  summary: 'Asks whether the person has approved; if so, the answer is the API token, once.',
  tag: 'auth',
  access: 'public',
  params: noParams,
  query: noQuery,
  body: z.strictObject({ device_code: z.string().min(1).max(200) }),
  output: z.strictObject({
    token: z.string(),
    name: z.string(),
    scopes: z.array(z.enum(scopes)),
  }),
  status: 200,
  paginated: false,
  errors: ['authorization_pending', 'slow_down', 'expired_token', 'access_denied'],
});

/** A program that waits to be let in. */
export const deviceLogin = z.strictObject({
  user_code: z.string(),
  /** What it calls itself. */
  client_name: z.string(),
  /** What it asks for. */
  scopes: z.array(z.enum(scopes)),
  /** The network address it asked from; null when that is not known. */
  address: z.string().nullable(),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
});
export type DeviceLogin = z.output<typeof deviceLogin>;

const ofUserCode = z.strictObject({ user_code: z.string().max(20) });

export const getDeviceLogin = endpoint({
  method: 'GET',
  path: '/api/v1/device-logins/{user_code}',
  summary: 'The program that waits with this code.',
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
  summary: 'Lets the program in: it gets an API token of whoever approves, with these scopes.',
  tag: 'auth',
  access: 'session',
  params: ofUserCode,
  query: noQuery,
  body: z.strictObject({ scopes: z.array(z.enum(scopes)).min(1).max(scopes.length) }),
  output: deviceLogin,
  status: 200,
  paginated: false,
  errors: ['not_found'],
});

export const denyDeviceLogin = endpoint({
  method: 'POST',
  path: '/api/v1/device-logins/{user_code}/deny',
  summary: 'Does not let the program in.',
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
