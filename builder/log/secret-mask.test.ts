import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hiddenTexts } from './hidden-texts.ts';
import { secretForms } from './secret-forms.ts';
import { createSecretMask, maskSecrets } from './secret-mask.ts';

const hidingOf = (values: readonly string[]) => hiddenTexts(secretForms(values));

function maskInPieces(pieces: readonly string[], values: readonly string[]) {
  const mask = createSecretMask(hidingOf(values));
  return pieces.map((piece) => mask.push(piece)).join('') + mask.end();
}

function cutAt(text: string, places: readonly number[]): string[] {
  const cuts = [0, ...places.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length];
  return cuts.slice(1).map((cut, index) => text.slice(cuts[index], cut));
}

test('a secret is masked wherever the text is cut', () => {
  const text = 'a tokentoken-1 b tokentok c token-1';
  for (let first = 0; first <= text.length; first++) {
    for (let second = first; second <= text.length; second++) {
      const pieces = [text.slice(0, first), text.slice(first, second), text.slice(second)];
      expect(maskInPieces(pieces, ['token-1', 'tokentoken-1'])).toBe('a *** b tokentok c ***');
    }
  }
});

test('no part of overlapping secrets is shown', () => {
  for (const cut of [0, 3, 5, 7, 9]) {
    const text = 'xyabcdefgh';
    expect(maskInPieces([text.slice(0, cut), text.slice(cut)], ['xyabcd', 'abcdefgh'])).toBe('***');
  }
});

test('text that cannot become a secret is shown at once', () => {
  const mask = createSecretMask(hiddenTexts(['secret-value']));
  expect(mask.push('compiling… secr')).toBe('compiling… ');
  expect(mask.push('etary.ts\n')).toBe('secretary.ts\n');
});

test('what is hidden later is masked from then on, even in text that is held back', () => {
  const hidden = hiddenTexts(['secret-value']);
  const mask = createSecretMask(hidden);
  expect(mask.push('a secret-')).toBe('a ');
  hidden.add(['secret-other']);
  expect(mask.push('other b')).toBe('*** b');
});

test('endless repetition of a secret is not held back forever, and no part of it is shown', () => {
  const mask = createSecretMask(hiddenTexts(['aaaaaa']));
  let shown = '';
  for (let i = 0; i < 60; i++) shown += mask.push('a'.repeat(10_000));
  shown += mask.end();
  expect(shown).toMatch(/^(\*\*\*)+$/);
  expect(shown.length).toBeLessThan(100);
});

const key = '-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----';
const odd = `a b&c"d-é'/<>$x\\n+%~*(1)`;
const bytesOf = (text: string) => Buffer.from(text);
const words = bytesOf(odd).toString('hex').toUpperCase();

test.each<[string, string, string]>([
  ['as it is', odd, odd],
  ['a line of a key', key, 'MIIEvQIBADANBg'],
  ['with carriage returns', key, key.replaceAll('\n', '\r\n')],
  ['JSON', key, JSON.stringify(key).slice(1, -1)],
  ['JSON with quotes and backslashes', odd, JSON.stringify(odd).slice(1, -1)],
  ['JSON in JSON', odd, JSON.stringify(JSON.stringify(odd).slice(1, -1)).slice(1, -1)],
  ['JSON of ASCII', odd, JSON.stringify(odd).slice(1, -1).replace('é', '\\u00e9')],
  ['encodeURIComponent', odd, encodeURIComponent(odd)],
  ['encodeURI', odd, encodeURI(odd)],
  ['URL-encoding in small letters', odd, encodeURIComponent(odd).replace(/%../g, (it) => it.toLowerCase())],
  ['an HTML form', odd, new URLSearchParams({ k: odd }).toString().slice(2)],
  ['base64', odd, bytesOf(odd).toString('base64')],
  ['base64 without padding', odd, bytesOf(odd).toString('base64').replace(/=+$/, '')],
  ['base64 for URLs', 'a?b>c~ÿÿ', bytesOf('a?b>c~ÿÿ').toString('base64url')],
  ['hex', odd, words.toLowerCase()],
  ['HEX', odd, words],
  ['hex with blanks', odd, (words.match(/../g) ?? []).join(' ')],
  [
    'HTML',
    odd,
    odd.replaceAll('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;').replace('"', '&quot;').replace("'", '&#39;'),
  ],
  ['bash -x', "it's secret", "it'\\''s secret"],
  ['bash -x with lines', "two\nlines'", "two\\nlines\\'"],
  ['printf %q', 'a b;c$d', 'a\\ b\\;c\\$d'],
  ['in colours', odd, [...odd].join('\u001b[0m\u001b[1;31m')],
  ['with a title of the window in it', odd, `${odd.slice(0, 4)}\u001b]0;title\u0007${odd.slice(4)}`],
])('a secret is masked %s, wherever it is cut', (_, value, printed) => {
  for (let cut = 0; cut <= printed.length; cut++) {
    expect(maskInPieces([`<${printed.slice(0, cut)}`, `${printed.slice(cut)}>`], [value])).toMatch(
      /^<[^\w]*\*\*\*[^\w]*>$/,
    );
  }
});

test('values too short to be found only where they are meant stay', () => {
  expect(maskSecrets('mode prod, 5 of 5', hidingOf(['prod', '5', '']))).toBe('mode prod, 5 of 5');
});

const secret = fc.string({ minLength: 6, maxLength: 40, unit: 'grapheme' });
const places = fc.array(fc.nat(), { maxLength: 6 });
/** No letter, digit or mark of it is in any encoding of the other alphabet. */
const unrelated = fc.string({ unit: fc.constantFrom('⬤', '▲', '■', '\n', '◆'), maxLength: 60 });

/** What the masked text must not contain. The first and last base64 characters also encode bits of the surrounding text. */
const encodings: Record<string, (value: string, before: string) => { printed: string; core: string }> = {
  raw: (value) => ({ printed: value, core: value }),
  json: (value) => ({ printed: JSON.stringify(value), core: JSON.stringify(value).slice(1, -1) }),
  url: (value) => ({ printed: encodeURIComponent(value), core: encodeURIComponent(value) }),
  hex: (value) => ({ printed: bytesOf(value).toString('hex'), core: bytesOf(value).toString('hex') }),
  base64(value, before) {
    const printed = bytesOf(`${before}${value}:after`).toString('base64');
    const start = Math.ceil((bytesOf(before).length * 4) / 3);
    const end = Math.floor(((bytesOf(before).length + bytesOf(value).length) * 4) / 3);
    return { printed, core: printed.slice(start, end) };
  },
};

test.each(Object.keys(encodings))('any secret is masked in its form %s, however the text is cut', (name) => {
  fc.assert(
    fc.property(secret, unrelated, unrelated, fc.stringMatching(/^[a-z]{0,4}$/), places, (value, a, b, before, at) => {
      const { printed, core } = encodings[name]?.(value, before) ?? { printed: '', core: '' };
      const shown = maskInPieces(cutAt(a + printed + b, at), [value]);
      expect(shown).not.toContain(core);
      expect(shown).toContain('***');
    }),
    { numRuns: 150 },
  );
});

test('text without a secret in it is shown as it is, however it is cut', () => {
  fc.assert(
    fc.property(
      unrelated,
      fc.constantFrom('', '\u001b[31mred\u001b[0m', '\u001b', '\r\n', '\u001b[3'),
      places,
      (text, end, at) => {
        const all = `${text}${end}${text}`;
        expect(maskInPieces(cutAt(all, at), ['correct-horse-battery', 'hunter2-hunter2'])).toBe(all);
      },
    ),
    { numRuns: 200 },
  );
});

test('of many texts with a common prefix, the same are found as by checking each one', () => {
  const piece = fc.constantFrom('ab', 'aba', 'b', '-'.repeat(30), 'x'.repeat(70));
  const text = fc.array(piece, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
  const property = fc.property(fc.array(text, { minLength: 1, maxLength: 12 }), fc.array(text), (hidden, parts) => {
    const printed = parts.join('');
    const longest = (at: number) =>
      Math.max(0, ...hidden.filter((it) => it.length > 1 && printed.startsWith(it, at)).map((it) => it.length));
    const covered = new Set<number>();
    for (let at = 0; at < printed.length; at++) {
      for (let length = longest(at); length > 0; length--) covered.add(at + length - 1);
    }
    const isOpen = (at: number) =>
      hidden.some((it) => it.length > Math.max(1, printed.length - at) && it.startsWith(printed.slice(at)));
    const { runs, open } = hiddenTexts(hidden).find(printed);
    const found = runs.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, index) => start + index));
    expect(found).toEqual([...covered].sort((a, b) => a - b));
    expect(open).toBe(Array.from(printed, (_, at) => at).find(isOpen) ?? printed.length);
  });
  fc.assert(property, { numRuns: 300 });
});

test('a value of a thousand lines with a common prefix does not hold up the log', () => {
  const line = (index: number) => `export SERVICE_KEY_${index}=${Math.sin(index)}`;
  const value = Array.from({ length: 1500 }, (_, index) => line(index)).join('\n');
  const mask = createSecretMask(hidingOf([value]));
  const harmless = `${'export SERVICE_KEY of nothing '.repeat(1000)}\n`;
  for (let piece = 0; piece < 30; piece++) expect(mask.push(harmless)).toBe(harmless);
  expect(mask.push(`${line(700)}\n`)).toBe('***\n');
});
