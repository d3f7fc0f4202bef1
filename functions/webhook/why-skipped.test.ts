import { expect, test } from 'vitest';
import type { GithubPush } from './github-push.ts';
import { type KnownHead, whySkipped } from './why-skipped.ts';

const BEFORE = 'b'.repeat(40);
const known: KnownHead = { newest: { commitSha: BEFORE, status: 'deployed' }, skippedSha: null };

const changes = (files: { added?: string[]; removed?: string[]; modified?: string[] }) => ({
  added: [],
  removed: [],
  modified: [],
  ...files,
});
function push(more: Partial<GithubPush> & { readonly message?: string } = {}): GithubPush {
  const { message = 'Work on it', ...rest } = more;
  return {
    ref: 'refs/heads/main',
    before: BEFORE,
    after: 'a'.repeat(40),
    created: false,
    deleted: false,
    forced: false,
    commits: [changes({ modified: ['README.md'] })],
    head_commit: { id: 'a'.repeat(40), message },
    repository: { id: 1, full_name: 'you/site', pushed_at: 1000 },
    ...rest,
  };
}
const touching = (...modified: string[]) => push({ commits: [changes({ modified })] });
const everything = { rootDirectory: '', watchPaths: null };
const docs = { rootDirectory: 'docs', watchPaths: null };
const watching = (...watchPaths: string[]) => ({ rootDirectory: 'apps/web', watchPaths });

test("the head commit's message decides for every project, whatever changed", () => {
  const asked = push({ message: 'Fix it [skip ci]', commits: [changes({ modified: ['docs/a.md'] })] });
  for (const project of [everything, docs, watching('docs')]) {
    expect(whySkipped(asked, project, known)).toBe('the commit’s message says [skip ci]');
  }
  expect(whySkipped(push({ message: 'Fix it' }), everything, known)).toBeUndefined();
});

test.each([
  ['adds', { added: ['docs/new.md'] }],
  ['removes', { removed: ['docs/old.md'] }],
  ['modifies', { modified: ['docs/deep/er/page.md'] }],
])('a push that %s a file under the root directory is deployed', (_, files) => {
  expect(whySkipped(push({ commits: [changes(files)] }), docs, known)).toBeUndefined();
});

test('any commit of the push may contain the change', () => {
  const commits = [changes({ modified: ['README.md'] }), changes({ added: ['docs/a.md'] }), changes({})];
  expect(whySkipped(push({ commits }), docs, known)).toBeUndefined();
  expect(whySkipped(push({ commits: [commits[0] ?? {}, commits[2] ?? {}] }), docs, known)).toBe(
    'nothing changed under docs',
  );
});

test.each([
  ['docs', 'docs2/a.md'],
  ['docs', 'site/docs/a.md'],
  ['./docs/', 'README.md'],
  ['apps/[slug]', 'apps/s/a.ts'],
])('with the root directory %s, a change of %s is skipped', (rootDirectory, file) => {
  expect(whySkipped(touching(file), { rootDirectory, watchPaths: null }, known)).toBe(
    `nothing changed under ${rootDirectory}`,
  );
});

test.each(['', '.', './'])('with the root directory %j everything is watched', (rootDirectory) => {
  expect(whySkipped(touching('README.md'), { rootDirectory, watchPaths: null }, known)).toBeUndefined();
});

test("the project's watch paths replace its root directory", () => {
  const project = watching('packages/ui', 'apps/*/src/**', '*.json');
  for (const file of ['packages/ui/button.ts', 'apps/web/src/deep/er/index.ts', 'package.json']) {
    expect(whySkipped(touching(file), project, known)).toBeUndefined();
  }
  for (const file of ['apps/web/README.md', 'packages/api/package.json', 'docs/a.md']) {
    expect(whySkipped(touching(file), project, known)).toBe('nothing changed that the project watches');
  }
});

const unrelated = changes({ modified: ['README.md'] });
test.each<[string, Partial<GithubPush>]>([
  ['a new branch', { created: true }],
  ['a push by force', { forced: true }],
  ['a push without a list of commits', { commits: undefined }],
  ['a push of no commit', { commits: [] }],
  ['empty commits, which is how people ask for a deployment', { commits: [changes({}), changes({})] }],
  ['a commit without its lists', { commits: [unrelated, { added: [], removed: [] }] }],
  ['as many commits as GitHub lists at most', { commits: Array.from({ length: 2048 }, () => unrelated) }],
  [
    'as many files as GitHub lists of a commit at most',
    { commits: [changes({ added: Array.from({ length: 3000 }, (_, n) => `other/${n}`) })] },
  ],
])('%s does not say what changed, and is deployed', (_, more) => {
  expect(whySkipped(push(more), docs, known)).toBeUndefined();
});

test.each<[string, KnownHead]>([
  ['nothing was deployed before', { newest: undefined, skippedSha: null }],
  ['the push before it was lost', { newest: { commitSha: 'c'.repeat(40), status: 'deployed' }, skippedSha: null }],
  ['the commit it continues from failed', { newest: { commitSha: BEFORE, status: 'failed' }, skippedSha: null }],
  [
    'the commit it continues from was cancelled',
    { newest: { commitSha: BEFORE, status: 'cancelled' }, skippedSha: null },
  ],
])('when %s, the files of this push are not the whole difference, and it is deployed', (_, before) => {
  expect(whySkipped(push(), docs, before)).toBeUndefined();
});

test.each<[string, KnownHead]>([
  ['is being built', { newest: { commitSha: BEFORE, status: 'building' }, skippedSha: null }],
  ['was skipped itself', { newest: { commitSha: 'c'.repeat(40), status: 'deployed' }, skippedSha: BEFORE }],
])('when the commit it continues from %s, the files of this push decide', (_, before) => {
  expect(whySkipped(push(), docs, before)).toBe('nothing changed under docs');
});
