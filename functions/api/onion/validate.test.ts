import { AppError } from '@miaobu/shared/kernel/app-error';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { validate } from './validate.ts';

const schema = z.object({ name: z.string().max(5), list: z.array(z.string()).default([]) });

function fieldsOf(value: unknown): unknown {
  try {
    return validate(schema, value, 'body');
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const fields = (error.details?.fields ?? []) as { path: string }[];
    return [error.code, ...fields.map(({ path }) => path)];
  }
}

test('every invalid field is named by its path', () => {
  expect(fieldsOf({ name: 'too long', list: ['a', 1] })).toEqual(['invalid_request', 'body.name', 'body.list.1']);
});

test('a NUL character is refused by its path, however deep: it could not be stored', () => {
  expect(fieldsOf({ name: 'a\0', list: ['a', '\0'] })).toEqual(['invalid_request', 'body.name', 'body.list.1']);
  expect(fieldsOf({ name: 'a b', list: ['\n', '你'] })).toEqual({ name: 'a b', list: ['\n', '你'] });
});
