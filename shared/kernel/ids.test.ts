import { expect, test } from 'vitest';
import { readId, showId } from './ids.ts';

test('a public id is encoded as the TypeID specification says', () => {
  // The specification's own example.
  expect(showId('project', '01893726-efee-7f02-8fbf-9f2b7bc2f910')).toBe('prj_01h4vjdvzefw18zfwz5dxw5y8g');
});

test('a public id decodes to the same UUID, under its own prefix only', () => {
  const shown = showId('deployment', '01893726-efee-7f02-8fbf-9f2b7bc2f910');
  expect(readId('deployment', shown)).toBe('01893726-efee-7f02-8fbf-9f2b7bc2f910');
  expect(readId('project', shown)).toBeUndefined();
});

test.each([
  '',
  'dep_',
  'dep_8zzzzzzzzzzzzzzzzzzzzzzzzz',
  'dep_01H4VJDVZEFW18ZFWZ5DXW5Y8G',
  'dep_01h4vjdvzefw18zfwz5dxw5y8gx',
  "dep_' or 1=1",
])('the text %j is not an id', (text) => expect(readId('deployment', text)).toBeUndefined());
