import { sql } from '@miaobu/shared/db/sql';
import { showId } from '@miaobu/shared/kernel/ids';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { workerUnderTest } from '../../tests/database/deploy-under-test.ts';
import { eachTestHasGithub } from '../../tests/database/github-under-test.ts';
import { openTestStore, prepareSite, type Site, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { connectHook } from './connect-hook.ts';

const CONTROL = 'https://api.control.example';
let stored: TestStore;
const github = eachTestHasGithub();
let site: Site;

beforeAll(async () => {
  stored = await openTestStore();
  await github.checkout.commit('first', { 'index.html': 'hello' });
  await github.checkout.git('push', 'origin', 'main');
});
beforeEach(async () => {
  await stored.empty();
  site = await prepareSite(stored);
  await connect();
});
afterEach(async () => {
  github.faults.clear();
  for (const { id } of await hooks()) await github.github.api(`/repos/you/site/hooks/${id}`, { method: 'DELETE' });
});
afterAll(async () => {
  await stored.close();
});

const connect = () =>
  stored.store.enqueue({
    topic: 'hook.connect',
    lane: `hook:${site.project.id}`,
    dedupeKey: `hook.connect:${site.project.id}`,
    payload: { project_id: site.project.id },
    requestId: 'test',
  });
const work = () =>
  workerUnderTest(stored)({
    'hook.connect': connectHook({ ...stored, codeHost: github.codeHost, controlOrigin: CONTROL }),
  });
type Hook = { readonly id: number; readonly events: string[]; readonly config: { readonly url: string } };
const hooks = async () => (await (await github.github.api('/repos/you/site/hooks')).json()) as Hook[];
const ledger = () => stored.db.query(sql`select kind, external_id, state from cloud_resources`);
const url = () => `${CONTROL}/webhooks/github/${showId('project', site.project.id)}`;
const present = () => [{ kind: 'push_hook', externalId: url(), state: 'present' }];

test('the repository gets the project’s own push hook, and a branch sync finds earlier pushes', async () => {
  await work();
  const [hook, ...others] = await hooks();
  expect([hook, others]).toMatchObject([{ events: ['push'], config: { url: url() } }, []]);
  expect(await stored.store.projects.find(site.project.id)).toMatchObject({ githubHookId: hook?.id });
  expect(await ledger()).toEqual(present());
  expect(await stored.messages('branch.sync')).toMatchObject([{ state: 'pending' }]);
});

test('an existing hook is adopted, however often this runs', async () => {
  await work();
  const [before] = await hooks();
  await connect();
  await work();
  expect((await hooks()).map(({ id }) => id)).toEqual([before?.id]);
  expect(await ledger()).toEqual(present());
});

test("a hook whose creation's answer was lost is found again", async () => {
  const path = '/hooks';
  github.faults.inject({ service: 'github', method: 'POST', path, times: 1, fault: { kind: 'lost-response' } });
  await work();
  expect(await hooks()).toHaveLength(1);
  expect(await stored.store.projects.find(site.project.id)).toMatchObject({ githubHookId: expect.any(Number) });
});

test('without access to the repository nothing is retried, and the intent stays on record', async () => {
  await stored.empty();
  site = await prepareSite(stored, { githubToken: 'token-of-other' });
  await connect();
  await work();
  expect(await stored.messages('hook.connect')).toMatchObject([{ state: 'dead', attempts: 1 }]);
  expect(await ledger()).toEqual([{ kind: 'push_hook', externalId: url(), state: 'intended' }]);
});
