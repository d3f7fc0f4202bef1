import { AppError } from '@miaobu/shared/kernel/app-error';
import { expect, test } from 'vitest';
import { parseEnvFile } from './parse-env-file.ts';

const problemsOf = (content: string) => {
  try {
    parseEnvFile(content);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { fields } = error.details as { fields: { problem: string }[] };
    return fields.map(({ problem }) => problem);
  }
  throw new Error('it was taken');
};

test('quotes, comments, export, empty values and Windows line ends are read as a shell would', () => {
  const content = [
    '# a comment',
    'PLAIN=value with spaces   # and a comment',
    'export EXPORTED=yes',
    "SINGLE='as # it is\\n'",
    'DOUBLE="two\\nlines"',
    'EMPTY=',
    'URL=https://example.com/?a=b',
    'MULTI="-----BEGIN KEY-----',
    'abc',
    '-----END KEY-----"',
    'TWICE=1',
    'TWICE=2',
  ].join('\r\n');
  expect(Object.fromEntries(parseEnvFile(content))).toEqual({
    PLAIN: 'value with spaces',
    EXPORTED: 'yes',
    SINGLE: 'as # it is\\n',
    DOUBLE: 'two\nlines',
    EMPTY: '',
    URL: 'https://example.com/?a=b',
    MULTI: '-----BEGIN KEY-----\nabc\n-----END KEY-----',
    TWICE: '2',
  });
});

test('a line break in a value starts no other variable', () => {
  expect([...parseEnvFile('A="x\\nLD_PRELOAD=/evil"')]).toEqual([['A', 'x\nLD_PRELOAD=/evil']]);
});

test('everything that cannot be set is named at once, without values', () => {
  const problems = problemsOf('GOOD=secret-1\nPATH=secret-2\nA.B=secret-3\nNODE_OPTIONS=secret-4');
  expect(problems).toEqual([
    'the name "PATH" is reserved',
    expect.stringMatching(/^the name "A\.B" must be letters/),
    'the name "NODE_OPTIONS" is reserved',
  ]);
  expect(JSON.stringify(problems)).not.toContain('secret');
});

test.each(['# nothing', 'no variables here', '\n\n'])(
  'a file that sets nothing gets an explanation of the format: %j',
  (content) => {
    expect(problemsOf(content)).toEqual(['sets no variable: lines look like NAME=value']);
  },
);

test('text crafted to keep the parser busy is refused before it is parsed', () => {
  expect(problemsOf(`A=1${'\n'.repeat(201)}=`)).toEqual([expect.stringContaining('in a row')]);
  expect(problemsOf(`A=1${' \t'.repeat(101)}=`)).toEqual([expect.stringContaining('in a row')]);
});
