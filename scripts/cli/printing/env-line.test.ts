import { parse } from 'dotenv';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { envLine } from './env-line.ts';

const awkward = fc.string({
  unit: fc.constantFrom('a', ' ', '#', '=', '$', "'", '"', '`', '\\', 'n', '\n', '\r', '中'),
  maxLength: 12,
});

test('what is written is read as the same value, or is a comment that says why it is not there', async () => {
  await fc.assert(
    fc.property(awkward, (value) => {
      const read = parse(`BEFORE=1\n${envLine({ key: 'KEY', value })}\nAFTER=2\n`);
      expect(read).toMatchObject({ BEFORE: '1', AFTER: '2' });
      if ('KEY' in read) expect(read.KEY).toBe(value);
      else expect(value.includes('\r') || (value.includes("'") && value.includes('`'))).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('a secret is named, and has no value', () => {
  expect(parse(envLine({ key: 'API_KEY', value: null }))).toEqual({});
  expect(envLine({ key: 'API_KEY', value: null })).toContain('API_KEY');
});
