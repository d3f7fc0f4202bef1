import { expect, test } from 'vitest';
import { invalidFields } from './invalid-fields.ts';

test('every invalid field is named by its path, beginning with the part of the request', () => {
  const { code, details } = invalidFields('body', [
    { path: ['blobs', 3, 'sha256'], message: 'must be a hash' },
    { path: [], message: 'must be an object' },
  ]);
  expect(code).toBe('invalid_request');
  expect(details).toEqual({
    fields: [
      { path: 'body.blobs.3.sha256', problem: 'must be a hash' },
      { path: 'body', problem: 'must be an object' },
    ],
  });
});

test('of very many problems a hundred are reported', () => {
  const issues = Array.from({ length: 1000 }, (_, n) => ({ path: [n], message: 'is wrong' }));
  expect(invalidFields('body', issues).details?.fields).toHaveLength(100);
});
