import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { workflowProblems } from './workflow-problems.ts';

const folder = new URL('../../.github/workflows/', import.meta.url);
const files = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));

test.each(files)('%s is sound: actionlint and our own rules find nothing', async (name) => {
  expect(await workflowProblems(name, readFileSync(new URL(name, folder), 'utf8'))).toEqual([]);
});

/** As a quoted word of a script. */
const expression = (code: string) => ['"$', `{{ ${code} }}"`].join('');

const HASH = '0123456789abcdef0123456789abcdef01234567';
const sound = `name: Example
on:
  workflow_dispatch:
    inputs:
      branch:
        type: string
        required: true
permissions:
  contents: read
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@${HASH} # v4.2.2
      - name: Greet
        env:
          BRANCH: \${{ inputs.branch }}
        run: echo "$BRANCH"
`;

test('a workflow that follows the rules has no problems', async () => {
  expect(await workflowProblems('example.yml', sound)).toEqual([]);
});

test.each([
  ['an action by a tag', `checkout@${HASH} # v4.2.2`, 'checkout@v4 # v4.2.2', 'not the hash of a commit'],
  ['an action by a short hash', `@${HASH}`, `@${HASH.slice(0, 12)}`, 'not the hash of a commit'],
  ['an action by a branch', `@${HASH}`, '@main', 'not the hash of a commit'],
  ['an image in the place of an action', `actions/checkout@${HASH}`, 'docker://alpine:3', 'not the hash of a commit'],
  ['a hash without its version', ' # v4.2.2', '', 'without a version'],
  ['a hash with a vague version', '# v4.2.2', '# v4', 'without a version'],
  ['an expression in a script', '"$BRANCH"', expression('inputs.branch'), 'an expression in the script'],
  ['a harmless expression in a script', '"$BRANCH"', expression('github.run_id'), 'an expression in the script'],
  [
    'a text of strangers in a script',
    '"$BRANCH"',
    expression('github.event.head_commit.message'),
    'potentially untrusted',
  ],
  ['no permissions, which means the default', 'permissions:\n  contents: read\n', '', 'may do more than read'],
  ['a permission to write', 'contents: read', 'contents: write', 'may do more than read'],
  ['all permissions', 'permissions:\n  contents: read', 'permissions: write-all', 'may do more than read'],
  [
    'a job that may write',
    '    runs-on',
    '    permissions:\n      id-token: write\n    runs-on',
    'the job build may do more',
  ],
  ['an input that does not exist', 'inputs.branch', 'inputs.brunch', 'brunch'],
  ['a runner that does not exist', 'ubuntu-latest', 'ubuntu-latst', 'ubuntu-latst'],
  ['a key that does not exist', 'runs-on:', 'run-on:', 'runs-on'],
  ['no jobs', /jobs:[\s\S]*/, '', 'not a workflow'],
])('%s is found', async (_title, good, bad, says) => {
  const text = sound.replace(good, bad);
  expect(text).not.toBe(sound);
  const problems = await workflowProblems('example.yml', text);
  expect(problems.join('\n')).toContain(says);
});
