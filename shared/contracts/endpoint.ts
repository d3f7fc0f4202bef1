import type * as z from 'zod';
import type { ErrorCode } from '../kernel/app-error.ts';
import type { Scope } from './scopes.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * Who may call an operation: anybody; whoever is signed in, by session only (what no token may do, like minting tokens); or
 * any credential with a scope, which a session always has. Operations on `platform:…` are for admins; others get 404.
 */
export type Access = 'public' | 'session' | Scope;

/** Kinds of calls that are limited apart from each other: `expensive` ones ask others (GitHub, a build), `auth` ones are about who is there. */
export type Cost = 'read' | 'write' | 'expensive' | 'auth';

/** What an operation belongs to: a chapter of the reference, and a folder of `functions/api/`. */
export const tags = [
  'auth',
  'account',
  'repositories',
  'projects',
  'environments',
  'deployments',
  'variables',
  'deploy-hooks',
  'usage',
  'audit-log',
  'dead-letters',
  'platform',
] as const;
export type Tag = (typeof tags)[number];

/** A way that is going away (RFC 9745, RFC 8594): dates as `YYYY-MM-DD`. */
export interface Deprecation {
  readonly since: string;
  readonly sunset: string;
  readonly successor: `/api/v1/${string}`;
}

/**
 * One operation of the HTTP API. `path` names parameters in braces (`/api/v1/projects/{project}`). The answer is
 * `{ data: output }`, for lists with `meta.next_cursor`. `answers: 'events'` streams server-sent events, of which `output` is
 * one's data; `'redirect'` sends the browser on, and has no body.
 */
export interface Endpoint {
  readonly method: Method;
  readonly path: `/api/v1/${string}`;
  /** Other paths of the same operation, with the same parameters: those that programs of the first Miaobu know. */
  readonly aliases?: readonly `/api/v1/public/${string}`[];
  /** One sentence: what it does. */
  readonly summary: string;
  readonly tag: Tag;
  readonly access: Access;
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  readonly body: z.ZodType | null;
  /** Request headers that mean something to it, by their names in lower case. */
  readonly headers?: z.ZodType;
  /** The same for cookies. */
  readonly cookies?: z.ZodType;
  /** What a call counts as for the rate limits. By itself a GET is `read`, the tag `auth` is `auth`, and everything else `write`. */
  readonly cost?: Cost;
  /** The answer carries an `ETag` made of its data: of single things that two people may edit. */
  readonly etag?: true;
  /** A call without `If-Match` is refused (428). Who declares it has `headers: ifMatch` (`etag.ts` compares). */
  readonly requiresIfMatch?: true;
  readonly answers?: 'json' | 'redirect' | 'events';
  readonly deprecated?: Deprecation;
  readonly output: z.ZodType;
  readonly status: 200 | 201 | 202 | 204 | 302;
  readonly paginated: boolean;
  /** Beyond those that every operation may answer (`unauthorized`, `invalid_request`, `internal`, …). */
  readonly errors: readonly ErrorCode[];
}

/** Keeps the exact types of an entry of the table. */
export const endpoint = <const Definition extends Endpoint>(definition: Definition): Definition => definition;

export type ParamsOf<E extends Endpoint> = z.output<E['params']>;
export type QueryOf<E extends Endpoint> = z.output<E['query']>;
export type BodyOf<E extends Endpoint> = E['body'] extends z.ZodType ? z.output<E['body']> : undefined;
export type HeadersOf<E extends Endpoint> = E['headers'] extends z.ZodType ? z.output<E['headers']> : undefined;
export type CookiesOf<E extends Endpoint> = E['cookies'] extends z.ZodType ? z.output<E['cookies']> : undefined;
export type OutputOf<E extends Endpoint> = z.output<E['output']>;
