import { AppError } from '@miaobu/shared/kernel/app-error';
import { invalidFields } from '@miaobu/shared/kernel/invalid-fields';
import type * as z from 'zod';

/** Paths of NUL characters, which Postgres cannot store in a text. */
function* pathsOfNul(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  if (typeof value === 'string' && value.includes('\0')) yield path;
  if (typeof value !== 'object' || value === null) return;
  for (const [name, each] of Object.entries(value)) yield* pathsOfNul(each, [...path, name]);
}

/** Parses a part of a request with its schema. Throws `invalid_request`, with the path of each invalid field. */
export function validate<Schema extends z.ZodType>(schema: Schema, value: unknown, part: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw invalidFields(part, parsed.error.issues);
  const nuls = [...pathsOfNul(parsed.data)].map((path) => ({ path, message: 'must not hold a NUL character' }));
  if (nuls.length > 0) throw invalidFields(part, nuls);
  return parsed.data;
}

/**
 * Parses a body as JSON; a missing or other content type is refused, so that no HTML form can send one. No body is the same as an empty
 * object.
 */
export function parseJson(bytes: Buffer, contentType: string | undefined): unknown {
  if (bytes.length === 0 && contentType === undefined) return {};
  if (contentType?.split(';')[0]?.trim().toLowerCase() !== 'application/json') {
    throw new AppError('unsupported_media_type');
  }
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new AppError('invalid_json', { cause });
  }
}
