import type { IncomingMessage } from 'node:http';
import { createLocalJWKSet, type JWTPayload, jwtVerify } from 'jose';
import * as z from 'zod';
import { AcsError } from '../../wire/acs3.ts';
import { invalidArgument } from './fc-errors.ts';
import { parseInput } from './function-settings.ts';

/** Where the token of a request is, what verifies it, and which claims become headers. Plain data: it is stored. */
export interface JwtAuthentication {
  readonly jwks: { readonly keys: readonly Record<string, unknown>[] };
  /** In order; the first one present is used. `prefix` is removed from the value, with the space after it. */
  readonly lookups: readonly {
    readonly place: 'header' | 'cookie' | 'query';
    readonly name: string;
    readonly prefix: string;
  }[];
  readonly claims: readonly { readonly claim: string; readonly header: string }[];
}

const input = z.object({
  jwks: z.object({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) }),
  tokenlookup: z.string().min(1),
  claimpassby: z.string().default(''),
});

/**
 * Reads `{"jwks": {…}, "tokenLookup": "header:Authorization:Bearer,cookie:name", "claimPassBy": "header:claim:Name"}`;
 * FC's documents spell the names both with a small and with a capital first letter. Throws `InvalidArgument`.
 */
export function parseJwtAuthentication(value: unknown): JwtAuthentication {
  const lowerCased =
    value !== null && typeof value === 'object'
      ? Object.fromEntries(Object.entries(value).map(([key, entry]) => [key.toLowerCase(), entry]))
      : value;
  const { jwks, tokenlookup, claimpassby } = parseInput(input, lowerCased);
  return {
    jwks,
    lookups: list(tokenlookup).map((text) => {
      const [place = '', name = '', prefix = ''] = text.split(':');
      if (!name || (place !== 'header' && place !== 'cookie' && place !== 'query'))
        throw invalidArgument(`tokenLookup '${text}': the local cloud looks in header, cookie or query`);
      return { place, name, prefix };
    }),
    claims: list(claimpassby).map((text) => {
      const [place, claim = '', header = claim] = text.split(':');
      if (!claim || place !== 'header')
        throw invalidArgument(`claimPassBy '${text}': the local cloud passes claims in headers only`);
      return { claim, header };
    }),
  };
}

const list = (text: string) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

/** The headers that hand the token's claims on to the function. Throws 403 for a missing, forged or expired token. */
export async function authenticateJwt(
  authentication: JwtAuthentication,
  request: IncomingMessage,
): Promise<Record<string, string>> {
  const token = findToken(authentication, request);
  if (token === undefined) throw new AcsError(403, 'AccessDenied', 'required JWT token is missing');
  let payload: JWTPayload;
  try {
    const keys = createLocalJWKSet({ keys: authentication.jwks.keys.map((key) => ({ ...key })) } as Parameters<
      typeof createLocalJWKSet
    >[0]);
    payload = (await jwtVerify(token, keys)).payload;
  } catch (error) {
    throw new AcsError(403, 'AccessDenied', `invalid JWT token: ${error instanceof Error ? error.message : error}`);
  }
  return Object.fromEntries(
    authentication.claims.flatMap(({ claim, header }) =>
      payload[claim] === undefined ? [] : [[header, String(payload[claim])]],
    ),
  );
}

function findToken({ lookups }: JwtAuthentication, request: IncomingMessage): string | undefined {
  for (const { place, name, prefix } of lookups) {
    const value = read(place, name, request);
    if (value === undefined) continue;
    if (prefix === '') return value;
    if (value.startsWith(`${prefix} `)) return value.slice(prefix.length + 1);
  }
  return undefined;
}

function read(place: 'header' | 'cookie' | 'query', name: string, request: IncomingMessage): string | undefined {
  switch (place) {
    case 'header':
      return request.headers[name.toLowerCase()]?.toString();
    case 'cookie':
      return request.headers.cookie
        ?.split(';')
        .map((pair) => pair.trim().split('='))
        .find(([key]) => key === name)?.[1];
    case 'query':
      return new URL(request.url ?? '/', 'http://local').searchParams.get(name) ?? undefined;
  }
}
