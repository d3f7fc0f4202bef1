import type * as z from 'zod';
import type { ErrorCode } from '../kernel/app-error.ts';
import type { Scope } from './scopes.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * Who may call an operation: anybody (`public`); signed-in sessions, but no tokens (`session`, e.g. creating tokens); or any
 * credential with a scope, and sessions have all scopes. Operations on `platform:…` are for admins; others get 404.
 */
export type Access = 'public' | 'session' | Scope;

/** Categories with separate rate limits: `expensive` calls involve others (GitHub, a build), `auth` calls are about signing in. */
export type Cost = 'read' | 'write' | 'expensive' | 'auth';

/** The chapter of the reference and the folder of `functions/api/` that an operation belongs to. */
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

/** A deprecated operation (RFC 9745, RFC 8594): dates as `YYYY-MM-DD`. */
export interface Deprecation {
  readonly since: string;
  readonly sunset: string;
  readonly successor: `/api/v1/${string}`;
}

/**
 * One operation of the HTTP API. `path` has parameters in braces (`/api/v1/projects/{project}`). The response is
 * `{ data: output }`, for lists with `meta.next_cursor`. `answers: 'events'` streams server-sent events, whose data is
 * `output`; `'redirect'` redirects the browser, without a body.
 */
export interface Endpoint {
  readonly method: Method;
  readonly path: `/api/v1/${string}`;
  /** Other paths of the same operation, with the same parameters, for programs written for the first Miaobu. */
  readonly aliases?: readonly `/api/v1/public/${string}`[];
  /** One sentence: what it does. */
  readonly summary: string;
  readonly tag: Tag;
  readonly access: Access;
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  readonly body: z.ZodType | null;
  /** Request headers that it reads, by their names in lower case. */
  readonly headers?: z.ZodType;
  /** The same for cookies. */
  readonly cookies?: z.ZodType;
  /** The category for the rate limits. Default: `auth` for the tag `auth`, `read` for a GET, else `write`. */
  readonly cost?: Cost;
  /** The response has an `ETag` made of its data: for resources that several users may edit. */
  readonly etag?: true;
  /** A call without `If-Match` is refused (428). Requires `headers: ifMatch`; `etag.ts` compares. */
  readonly requiresIfMatch?: true;
  readonly answers?: 'json' | 'redirect' | 'events';
  readonly deprecated?: Deprecation;
  readonly output: z.ZodType;
  readonly status: 200 | 201 | 202 | 204 | 302;
  readonly paginated: boolean;
  /** Besides those that every operation may return (`unauthorized`, `invalid_request`, `internal`, …). */
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
