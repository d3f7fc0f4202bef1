import { expect, test } from 'vitest';
import { isTest, read, sources } from './source-tree.ts';

const WAIT = /\b(?:vi\s*\.(?:waitUntil|waitFor)|expect\s*\.poll)\(/g;

/** What stands between a parenthesis and the one that closes it. */
function argumentsAt(text: string, open: number): string {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if ('([{'.includes(text[at] ?? '')) depth += 1;
    if (')]}'.includes(text[at] ?? '')) depth -= 1;
    if (depth === 0) return text.slice(open + 1, at);
  }
  return text.slice(open + 1);
}

const impatientWaits = (text: string) =>
  [...text.matchAll(WAIT)]
    .map(({ index, 0: call }) => argumentsAt(text, index + call.length - 1))
    .filter((given) => !/,\s*PATIEN\w+,?\s*$/.test(given));

test('a wait without patience is found, however it is written', () => {
  const text = `
    await vi.waitUntil(() => done(1, [2]), PATIENCE);
    await vi.waitUntil(() => done(1, PATIENCE));
    await expect
      .poll(
        () => state(),
        PATIENCE,
      ).toBe(1);
    await expect.poll(state).toBe(1);
    await vi.waitFor(work, { timeout: 10 });`;
  expect(impatientWaits(text)).toEqual(['() => done(1, PATIENCE)', 'state', 'work, { timeout: 10 }']);
});

test('every wait of a test has the patience of `tests/patience.ts`: the default of one second is over on a busy machine', () => {
  const found = sources
    .filter((file) => isTest(file) && file !== 'tests/architecture/patience.test.ts')
    .flatMap((file) => impatientWaits(read(file)).map((wait) => `${file}: ${wait}`));
  expect(found).toEqual([]);
});
