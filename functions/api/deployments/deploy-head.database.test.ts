import { sql } from '@miaobu/shared/db/sql';
import { readId } from '@miaobu/shared/kernel/ids';
import { webhookSecretContext } from '@miaobu/shared/model/project/project';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';
import { pushEvent, webhookUnderTest } from '../../../tests/database/webhook-under-test.ts';

const IMPORTED = 'a'.repeat(40);
const OLDER = 'b'.repeat(40);
const NEWER = 'c'.repeat(40);
const IMPORTED_AT = 1_000_000;

const params = { project: 'site' };

let own: TestStore;
let api: ApiUnderTest;
let ada: SignedUpUser;
let project: { readonly hook: string; readonly webhookSecret: string };
let deliver: (to: typeof project, event: object) => Promise<unknown>;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  api = apiUnderTest(own);
  ada = await api.signUp('ada');
  githubShows({ main: IMPORTED, next: IMPORTED }, IMPORTED_AT);
  const { id: hook } = (await ada.client('createProject', { body: { repo: 'ada/site' } })).data;
  const id = readId('project', hook) ?? '';
  const sealed = (await own.store.projects.find(id))?.webhookSecretSealed ?? '';
  project = { hook, webhookSecret: await own.sealer.open(sealed, webhookSecretContext(id)) };
  const webhook = webhookUnderTest(own);
  deliver = async (to, event) => (await webhook.deliver(to, event)).body.data?.outcome;
});
afterAll(() => own.close());

/** The repository as GitHub reports it from here on. */
function githubShows(branches: Readonly<Record<string, string>>, pushedAt: number): void {
  api.codeHost.repositories.splice(0);
  api.codeHost.repositories.push({ id: 1, fullName: 'ada/site', branches, pushedAt, visibleTo: ['github-ada'] });
}
const push = (after: string, seconds: number, branch = 'main') =>
  deliver(project, pushEvent({ after, pushedAt: IMPORTED_AT + seconds, ref: `refs/heads/${branch}` }));
/** Commits in the order in which they are to go live. */
const commits = async (environment = 'production') =>
  (
    await own.db.query<{ commitSha: string }>(sql`
      select d.commit_sha from deployments d join environments e on e.id = d.environment_id
       where e.name = ${environment} order by d.seq`)
  ).map(({ commitSha }) => commitSha);
const deployHead = () => ada.client('createDeployment', { params, body: {} });

async function triggerHook() {
  const { data } = await ada.client('createDeployHook', { params, body: { name: 'CMS' } });
  return api.ask('POST', data.path, { headers: { authorization: `Bearer ${data.secret}` } });
}

/** Runs `happen` each time between GitHub's answer about a branch and its use. */
function afterEachAnswer(happen: (answered: number) => Promise<unknown>): void {
  const { getBranchHead } = api.codeHost;
  let answered = 0;
  api.codeHost.getBranchHead = async (...question) => {
    const answer = await getBranchHead(...question);
    answered += 1;
    await happen(answered);
    return answer;
  };
}

test.each([
  ['a person', deployHead],
  ['a deploy hook', triggerHook],
])('a push whose delivery is late does not override a newer head that %s has deployed', async (_, deploy) => {
  githubShows({ main: NEWER }, IMPORTED_AT + 2);
  await deploy();
  expect(await push(OLDER, 1)).toBe('stale');
  expect(await push(NEWER, 2)).toBe('duplicate_head');
  expect(await commits()).toEqual([IMPORTED, NEWER]);
});

test('a push whose delivery is late does not undo what was deployed by hand after its head', async () => {
  const [imported] = (await ada.client('listDeployments', { params })).data;
  githubShows({ main: NEWER }, IMPORTED_AT + 2);
  await deployHead();
  await ada.client('redeployDeployment', { params: { ...params, deployment: imported?.id ?? '' }, body: {} });
  expect(await push(NEWER, 2)).toBe('duplicate_head');
  expect(await commits()).toEqual([IMPORTED, NEWER, IMPORTED]);
});

test('a push from before the import, delivered after it, does not override the imported head', async () => {
  expect(await push(OLDER, -1)).toBe('stale');
  expect(await commits()).toEqual([IMPORTED]);
});

test('a push from before staging was enabled, delivered after it, does not override the head of its branch', async () => {
  githubShows({ main: IMPORTED, next: NEWER }, IMPORTED_AT + 2);
  await ada.client('createEnvironment', { params, body: { name: 'staging', branch: 'next' } });
  expect(await push(OLDER, 1, 'next')).toBe('stale');
  expect(await push(NEWER, 2, 'next')).toBe('duplicate_head');
  expect(await commits('staging')).toEqual([NEWER]);
});

test('soon after staging is enabled its branch is synced: pushes meanwhile were not followed by anyone', async () => {
  await own.db.query(sql`delete from outbox`);
  await ada.client('createEnvironment', { params, body: { name: 'staging', branch: 'next' } });
  const [sync] = await own.db.query(sql`select run_at > db_now() as is_later from outbox where topic = 'branch.sync'`);
  expect(sync).toEqual({ isLater: true });
});

test('a push accepted while the head is being requested is not reverted: the head is requested once more', async () => {
  githubShows({ main: OLDER }, IMPORTED_AT + 1);
  afterEachAnswer(async (answered) => {
    if (answered > 1) return;
    githubShows({ main: NEWER }, IMPORTED_AT + 2);
    expect(await push(NEWER, 2)).toBe('accepted');
  });
  expect((await deployHead()).data.commit_sha).toBe(NEWER);
  expect(await commits()).toEqual([IMPORTED, NEWER, NEWER]);
});

test('while pushes keep coming a manual deployment is refused, and supersedes none of them', async () => {
  const shas = ['d', 'e', 'f'].map((digit) => digit.repeat(40));
  afterEachAnswer((answered) => push(shas[answered - 1] ?? '', answered));
  await expect(deployHead()).rejects.toMatchObject({ status: 409, code: 'conflict' });
  const [first, second] = shas;
  expect(await commits()).toEqual([IMPORTED, first, second]);
});

test('a head that GitHub itself has reported as outdated is not deployed manually', async () => {
  await push(NEWER, 2);
  githubShows({ main: OLDER }, IMPORTED_AT + 1);
  await expect(deployHead()).rejects.toMatchObject({ status: 409, code: 'conflict' });
  expect(await commits()).toEqual([IMPORTED, NEWER]);
  githubShows({ main: NEWER }, IMPORTED_AT + 2);
  expect((await deployHead()).data.commit_sha).toBe(NEWER);
});

test('staging is not enabled with a head that GitHub has reported as outdated', async () => {
  await ada.client('createEnvironment', { params, body: { name: 'staging', branch: 'next' } });
  await push(NEWER, 2, 'next');
  await ada.client('deleteEnvironment', { params: { ...params, environment: 'staging' } });
  const switchOn = () => ada.client('createEnvironment', { params, body: { name: 'staging', branch: 'next' } });
  await expect(switchOn()).rejects.toMatchObject({ status: 409, code: 'conflict' });
  githubShows({ main: IMPORTED, next: NEWER }, IMPORTED_AT + 2);
  expect((await switchOn()).data.deployment.commit_sha).toBe(NEWER);
});

test('whatever the times say, a head that is still reported ten minutes later is the head', async () => {
  await push(NEWER, 2);
  githubShows({ main: OLDER }, IMPORTED_AT + 1);
  await own.moveClock(600);
  expect((await deployHead()).data.commit_sha).toBe(OLDER);
});

test.each([
  ['a redeployment', 'redeploy'],
  ['a commit', 'commit'],
  ['an upload', 'upload'],
])(
  '%s does not discard a push that waits for its build: the push is built, and then the latest request',
  async (_, kind) => {
    const [imported] = (await ada.client('listDeployments', { params })).data;
    const at = { ...params, deployment: imported?.id ?? '' };
    await push(NEWER, 2);
    if (kind === 'redeploy') await ada.client('redeployDeployment', { params: at, body: {} });
    if (kind === 'commit') await ada.client('createDeployment', { params, body: { commit_sha: IMPORTED } });
    if (kind === 'upload') await ada.client('createPrebuiltDeployment', { params, body: {} });
    const rows = await own.db.query(
      sql`select commit_sha, status, trigger <> 'push' as by_hand from deployments order by seq`,
    );
    expect(rows).toEqual([
      { commitSha: IMPORTED, status: 'cancelled', byHand: true },
      { commitSha: NEWER, status: 'queued', byHand: false },
      { commitSha: kind === 'upload' ? null : IMPORTED, status: 'queued', byHand: true },
    ]);
  },
);

test('of several manual deployments that wait for their build the last is built', async () => {
  const at = { ...params, deployment: (await ada.client('listDeployments', { params })).data[0]?.id ?? '' };
  await push(NEWER, 2);
  for (const _ of [1, 2]) await ada.client('redeployDeployment', { params: at, body: {} });
  const rows = await own.db.query(sql`select status, reason_message from deployments order by seq`);
  const superseded = { status: 'cancelled', reasonMessage: 'A newer deployment was queued before this build began.' };
  const queued = { status: 'queued', reasonMessage: null };
  expect(rows).toEqual([superseded, queued, superseded, queued]);
});
