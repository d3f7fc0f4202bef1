import type * as z from 'zod';
import type { ErrorCode } from '../kernel/app-error.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * One operation of the HTTP API. `path` names parameters in braces (`/api/v1/projects/{project}`). The answer is
 * `{ data: output }`, for lists with `meta.next_cursor`.
 */
export interface Endpoint {
  readonly method: Method;
  readonly path: `/api/v1/${string}`;
  /** One sentence: what it does. */
  readonly summary: string;
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  readonly body: z.ZodType | null;
  readonly output: z.ZodType;
  readonly status: 200 | 201 | 202 | 204;
  readonly paginated: boolean;
  /** Beyond those that every operation may answer (`unauthorized`, `invalid_request`, `internal`, …). */
  readonly errors: readonly ErrorCode[];
}

/** Keeps the exact types of an entry of the table. */
export const endpoint = <const Definition extends Endpoint>(definition: Definition): Definition => definition;

export type ParamsOf<E extends Endpoint> = z.output<E['params']>;
export type QueryOf<E extends Endpoint> = z.output<E['query']>;
export type BodyOf<E extends Endpoint> = E['body'] extends z.ZodType ? z.output<E['body']> : undefined;
export type OutputOf<E extends Endpoint> = z.output<E['output']>;
