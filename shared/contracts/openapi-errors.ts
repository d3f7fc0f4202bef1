import * as z from 'zod';
import type { ErrorCode } from '../kernel/app-error.ts';
import type { Endpoint } from './endpoint.ts';
import { errors } from './errors.ts';

/** The form of every error response. */
export const errorAnswer = z
  .strictObject({
    error: z
      .strictObject({
        code: z.string().describe('What went wrong, for a program.'),
        message: z.string().describe('What went wrong and what to do about it, for a person.'),
        details: z
          .looseObject({
            fields: z
              .array(
                z.strictObject({
                  path: z.string().describe('Where it is: `body.name`, `query.limit`, …'),
                  problem: z.string().describe('What is wrong with it.'),
                }),
              )
              .optional()
              .describe('With `invalid_request`: every field that is wrong.'),
          })
          .optional()
          .describe('More about it, depending on the code.'),
      })
      .describe('What went wrong.'),
    request_id: z.string().describe('The id of the request. Whoever runs the platform finds it in the log.'),
  })
  .meta({ id: 'Error', description: 'How every refusal looks.' });

/** Every code an operation may return: its own, and those implied by its form. */
export function errorCodesOf({ access, method, body, requiresIfMatch, errors: own }: Endpoint): ErrorCode[] {
  const codes = new Set<ErrorCode>(own);
  codes.add('invalid_request');
  if (access !== 'public') codes.add('unauthorized').add('forbidden');
  if (access.startsWith('platform:')) codes.add('not_found');
  if (method === 'POST') codes.add('idempotency_key_in_use');
  // Without a body all requests with one key are equal.
  if (method === 'POST' && body) codes.add('idempotency_key_reused');
  if (requiresIfMatch) codes.add('precondition_required').add('precondition_failed');
  if (body) {
    codes.add('invalid_json').add('unsupported_media_type').add('payload_too_large').add('request_timeout');
  }
  codes.add('rate_limited').add('database_unavailable').add('internal');
  return [...codes];
}

/** Codes by their status, lowest first. */
export function codesByStatus(codes: readonly ErrorCode[]): ReadonlyMap<number, readonly ErrorCode[]> {
  const sorted = codes.toSorted((a, b) => errors[a].status - errors[b].status || (a < b ? -1 : 1));
  const groups = new Map<number, ErrorCode[]>();
  for (const code of sorted) {
    const { status } = errors[code];
    groups.set(status, [...(groups.get(status) ?? []), code]);
  }
  return groups;
}
