import { expect, test } from 'vitest';
import type { GithubPush } from './github-push.ts';
import { whySkipped } from './why-skipped.ts';

type Known = Parameters<typeof whySkipped>[2];

const BEFORE = 'b'.repeat(40);
const OTHER = 'c'.repeat(40);

/** A branch whose newest deployment is of the commit from which the push continues. */
function branch({
  commitSha = BEFORE,
  status = 'deployed',
  ...environment
}: Partial<NonNullable<Known['newestOfBranch']> & Known['environment']> = {}): Known {
  return {
    environment: {
      id: '1',
      name: 'production',
      branch: 'main',
      nextSeq: 2,
      headSha: environment.skippedSha ?? commitSha,
      headPushedAt: 999,
      skippedSha: null,
      skippedChanges: false,
      disabledAt: null,
      ...environment,
    },
    newestOfBranch: { id: '2', commitSha, status },
  };
}
const known = branch();
const nothingDeployed: Known = { ...known, newestOfBranch: undefined };

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
const noteOf = (of: GithubPush, project: Parameters<typeof whySkipped>[1]) => whySkipped(of, project, known)?.note;
const everything = { rootDirectory: '', watchPaths: null };
const docs = { rootDirectory: 'docs', watchPaths: null };
const watching = (...watchPaths: string[]) => ({ rootDirectory: 'apps/web', watchPaths });

test("the head commit's message decides for every project, whatever changed", () => {
  const asked = push({ message: 'Fix it [skip ci]', commits: [changes({ modified: ['docs/a.md'] })] });
  for (const project of [everything, docs, watching('docs')]) {
    expect(whySkipped(asked, project, known)).toEqual({ note: 'the commit’s message says [skip ci]', changes: true });
  }
  expect(whySkipped(push({ message: 'Fix it' }), everything, known)).toBeUndefined();
});

test('a push by force is deployed, whatever its message says: what was deployed before may not be on the branch any more', () => {
  expect(whySkipped(push({ message: '[skip ci]', forced: true }), everything, known)).toBeUndefined();
});

test.each<[string, Partial<GithubPush>, boolean]>([
  ['no relevant files', {}, false],
  ['relevant files', { commits: [changes({ modified: ['docs/a.md'] })] }, true],
  ['files that are not listed', { commits: [] }, true],
])('of a push of %s that asks to be skipped it is known whether it leaves changes behind', (_, more, left) => {
  expect(whySkipped(push({ message: '[skip ci]', ...more }), docs, known)?.changes).toBe(left);
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
  expect(noteOf(push({ commits: [commits[0] ?? {}, commits[2] ?? {}] }), docs)).toBe('nothing changed under docs');
});

test.each([
  ['docs', 'docs2/a.md'],
  ['docs', 'site/docs/a.md'],
  ['./docs/', 'README.md'],
  ['apps/[slug]', 'apps/s/a.ts'],
])('with the root directory %s, a change of %s is skipped', (rootDirectory, file) => {
  expect(noteOf(touching(file), { rootDirectory, watchPaths: null })).toBe(`nothing changed under ${rootDirectory}`);
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
    expect(noteOf(touching(file), project)).toBe('nothing changed that the project watches');
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

test.each<[string, Known, marked: 'skipped' | 'deployed']>([
  ['nothing was deployed before', nothingDeployed, 'deployed'],
  ['the push before it was lost', branch({ commitSha: OTHER }), 'deployed'],
  ['the environment has just begun to follow the branch', branch({ headSha: null }), 'deployed'],
  ['the commit it continues from failed', branch({ status: 'failed' }), 'skipped'],
  ['the commit it continues from was cancelled', branch({ status: 'cancelled' }), 'skipped'],
  ['a skipped one is in between, and the last deployment failed', skippedAfter({ status: 'failed' }), 'skipped'],
  ['relevant changes were skipped before', skippedAfter({ skippedChanges: true }), 'skipped'],
])(
  'when %s, the files of this push are not the whole difference: it is deployed; one that asks to be skipped is not always',
  (_, before, marked) => {
    expect(whySkipped(push(), docs, before)).toBeUndefined();
    expect(whySkipped(push({ message: '[skip ci]' }), docs, before) ? 'skipped' : 'deployed').toBe(marked);
  },
);

test.each<[string, Known]>([
  ['is being built', branch({ status: 'building' })],
  ['was skipped itself', skippedAfter({})],
])('when the commit it continues from %s, the files of this push decide', (_, before) => {
  expect(whySkipped(push(), docs, before)).toEqual({ note: 'nothing changed under docs', changes: false });
});

/** A branch whose head was skipped. */
function skippedAfter(more: Parameters<typeof branch>[0]): Known {
  return branch({ commitSha: OTHER, skippedSha: BEFORE, ...more });
}
