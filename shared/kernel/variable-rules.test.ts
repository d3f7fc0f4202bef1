import { expect, test } from 'vitest';
import { variableNameProblem, variableValueProblem } from './variable-rules.ts';

test.each(['API_URL', '_internal', 'a', 'PATHS', 'LDAP_URL', 'FCM_KEY', `A${'b'.repeat(127)}`])(
  '%s may be set',
  (name) => {
    expect(variableNameProblem(name)).toBeUndefined();
  },
);

test.each([
  ['PATH', 'Path', 'HOME', 'TMPDIR', 'ENV', 'BASH_ENV', 'NODE_OPTIONS', 'node_options'],
  ['LD_PRELOAD', 'DYLD_INSERT_LIBRARIES', 'GITHUB_TOKEN', 'RUNNER_TEMP', 'ACTIONS_ID_TOKEN_REQUEST_URL'],
  ['FC_FUNCTION_NAME', 'ALIBABA_CLOUD_ACCESS_KEY_ID', 'MIAOBU_RUN'],
])('names that start programs or belong to the operator are reserved: %s, …', (...names) => {
  for (const name of names) expect(variableNameProblem(name), name).toBe('is reserved');
});

test.each(['', '1A', 'A-B', 'A.B', 'A B', 'A\n', 'Ä', `A${'b'.repeat(128)}`, 'A=B'])('%j is no name', (name) => {
  expect(variableNameProblem(name)).toMatch('must be letters');
});

test.each(['', ' ', 'x\nLD_PRELOAD=/evil', '\r\n', '值🐱', 'a'.repeat(65_536)])(
  'a value is any text of up to 64 KB, including line breaks',
  (value) => {
    expect(variableValueProblem(value)).toBeUndefined();
  },
);

test.each([
  ['a'.repeat(65_537), '64 KB'],
  ['值'.repeat(21_846), '64 KB'],
  ['a\0b', 'NUL'],
  ['🐱'.slice(0, 1), 'halves'],
])('a value that cannot be stored unchanged is refused', (value, problem) => {
  expect(variableValueProblem(value)).toMatch(problem);
});

test('names and values of 100 KB crafted to be slow are judged at once', () => {
  const long = `${'a'.repeat(100_000)}!`;
  expect([variableNameProblem(long), variableValueProblem(long)]).not.toContain(undefined);
});
