import { randomUUID } from 'node:crypto';
import { sql } from '@miaobu/shared/db/sql';
import { sha256Hex } from '@miaobu/shared/kernel/hmac';
import { webhookSecretContext } from '@miaobu/shared/model/project/project';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ImportedProject, importProject } from '../../tests/database/import-project.ts';
import { dispatchAttempt, openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { pushEvent, webhookUnderTest } from '../../tests/database/webhook-under-test.ts';

let own: TestStore;
let site: ImportedProject;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  site = await importProject(own, { slug: 'blog' });
});
afterAll(() => own.close());

const commit = (name: string) => sha256Hex(name).slice(0, 40);
const push = (name: string, pushedAt: number) => pushEvent({ after: commit(name), pushedAt });
const deployments = () =>
  own.db.query<{ commitSha: string; status: string }>(
    sql`select commit_sha, status from deployments order by environment_id, seq`,
  );
const outcomes = async () =>
  (await own.db.query<{ outcome: string }>(sql`select outcome from webhook_deliveries order by id`)).map(
    ({ outcome }) => outcome,
  );

/** A webhook for which `meanwhile` happens between the moment a push is decided on and the statement that takes it. */
function overtakenBy(meanwhile: () => Promise<unknown>) {
  const taken: boolean[] = [];
  const { store, sealer } = own;
  const accept: typeof store.pushes.accept = async (accepted, by) => {
    await meanwhile();
    const ids = await store.pushes.accept(accepted, by);
    taken.push(...ids.map((id) => id !== undefined));
    return ids;
  };
  const { deliver } = webhookUnderTest({ store: { ...store, pushes: { ...store.pushes, accept } }, sealer });
  return { deliver, taken };
}

test('a push that nothing overtakes is taken at once', async () => {
  const { deliver, taken } = overtakenBy(async () => {});
  expect((await deliver(site, push('a', 1000))).body.data?.outcome).toBe('accepted');
  expect((await deliver(site, push('b', 1001))).body.data?.outcome).toBe('accepted');
  expect(taken).toEqual([true, true]);
  expect(await deployments()).toEqual([
    { commitSha: commit('a'), status: 'cancelled' },
    { commitSha: commit('b'), status: 'queued' },
  ]);
});

test('a push that an older one overtakes comes after it all the same', async () => {
  const other = webhookUnderTest(own);
  const { deliver, taken } = overtakenBy(() => other.deliver(site, push('a', 1000)));
  expect((await deliver(site, push('b', 1001))).body.data?.outcome).toBe('accepted');
  expect(taken).toEqual([false]);
  expect(await deployments()).toEqual([
    { commitSha: commit('a'), status: 'cancelled' },
    { commitSha: commit('b'), status: 'queued' },
  ]);
});

test('a push that a newer one overtakes is stale', async () => {
  const other = webhookUnderTest(own);
  const { deliver, taken } = overtakenBy(() => other.deliver(site, push('b', 1001)));
  expect((await deliver(site, push('a', 1000))).body.data?.outcome).toBe('stale');
  expect(taken).toEqual([false]);
  expect(await deployments()).toEqual([{ commitSha: commit('b'), status: 'queued' }]);
});

test('a delivery that is overtaken by itself is answered as the first time', async () => {
  const other = webhookUnderTest(own);
  const guid = randomUUID();
  const { deliver } = overtakenBy(() => other.deliver(site, push('a', 1000), { guid }));
  expect((await deliver(site, push('a', 1000), { guid })).body.data).toMatchObject({
    outcome: 'accepted',
    replayed: true,
  });
  expect(await deployments()).toHaveLength(1);
  expect(await outcomes()).toEqual(['accepted']);
});

test('the same commit in another delivery, which overtakes it, is deployed once', async () => {
  const other = webhookUnderTest(own);
  const { deliver } = overtakenBy(() => other.deliver(site, push('a', 1000)));
  expect((await deliver(site, push('a', 1001))).body.data?.outcome).toBe('duplicate_head');
  expect(await deployments()).toHaveLength(1);
});

test.each([
  ['switched off', () => own.store.environments.disable(site.production.id)],
  ['follows another branch', () => own.db.query(sql`update environments set branch = 'next'`)],
])('nothing is deployed to an environment that meanwhile is or %s', async (_, meanwhile) => {
  const { deliver, taken } = overtakenBy(meanwhile);
  expect((await deliver(site, push('a', 1000))).body.data?.outcome).toBe('ignored');
  expect(taken).toEqual([false]);
  expect(await deployments()).toEqual([]);
});

test('nothing is deployed to a project that is being deleted meanwhile', async () => {
  const { deliver, taken } = overtakenBy(() => own.store.projects.startDeleting(site.project.id));
  expect((await deliver(site, push('a', 1000))).status).toBe(401);
  expect(taken).toEqual([false]);
  expect(await deployments()).toEqual([]);
  expect(await outcomes()).toEqual([]);
});

test('whoever deletes the project while the statement waits for the environment is first', async () => {
  const { store, sealer } = own;
  let answered: Promise<{ status: number }> | undefined;
  const { deliver } = webhookUnderTest({ store, sealer });
  await store.transaction(async (repositories) => {
    await repositories.environments.lock(site.production.id);
    answered = deliver(site, push('a', 1000));
    await expect
      .poll(() =>
        own.db.query(
          sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        ),
      )
      .toHaveLength(1);
    await repositories.projects.startDeleting(site.project.id);
  });
  expect((await answered)?.status).toBe(401);
  expect(await deployments()).toEqual([]);
});

test('a run that is asked for meanwhile is ended', async () => {
  const first = webhookUnderTest(own);
  await first.deliver(site, push('a', 1000));
  const { deliver, taken } = overtakenBy(dispatchOnly);
  expect((await deliver(site, push('b', 1001))).body.data?.outcome).toBe('accepted');
  expect(taken).toEqual([false]);
  expect(await own.messages('run.cancel')).toMatchObject([{ state: 'pending' }]);
  expect((await deployments()).map(({ status }) => status)).toEqual(['cancelled', 'queued']);
});

/** Asks for a run for the only deployment there is. */
async function dispatchOnly() {
  const [queued] = await own.db.query<{ id: string }>(sql`select id from deployments`);
  await dispatchAttempt(own, queued?.id ?? '');
}

describe('what an instance remembers of its last push decides nothing when it is outdated', () => {
  test.each<[string, () => Promise<unknown>]>([
    ['the deployment was given to a runner', dispatchOnly],
    ['another instance has taken a push', () => webhookUnderTest(own).deliver(site, push('b', 1001))],
    ['the settings were changed', () => own.store.projects.change(site.project.id, { buildCommand: 'make' })],
    ['the secret was sealed anew', () => resealSecret(site.webhookSecret)],
    ['what was pushed has failed', () => own.db.query(sql`update deployments set status = 'failed'`)],
    ['history is forgotten', () => own.db.query(sql`delete from webhook_deliveries`)],
  ])('%s', async (_, meanwhile) => {
    const { deliver } = webhookUnderTest(own);
    await deliver(site, push('a', 1000));
    await meanwhile();
    expect((await deliver(site, push('c', 1002))).body.data).toMatchObject({ outcome: 'accepted', replayed: false });
    const all = await own.db.query<{ commitSha: string; status: string; buildCommand: string | null }>(sql`
      select commit_sha, status, settings->>'build_command' as build_command from deployments order by seq`);
    const project = await own.store.projects.find(site.project.id);
    expect(all.at(-1)).toEqual({
      commitSha: commit('c'),
      status: 'queued',
      buildCommand: project?.buildCommand ?? null,
    });
    expect(all.filter(({ status }) => status === 'queued')).toHaveLength(1);
  });

  test('a new secret counts from the next delivery on, and the old one no more', async () => {
    const { deliver } = webhookUnderTest(own);
    await deliver(site, push('a', 1000));
    await resealSecret('another-secret');
    const renewed = { ...site, webhookSecret: 'another-secret' };
    expect((await deliver(renewed, push('b', 1001))).body.data?.outcome).toBe('accepted');
    expect((await deliver(site, push('c', 1002))).status).toBe(401);
  });

  test('a delivery that is signed with an old secret is refused although the instance remembers it', async () => {
    const { deliver } = webhookUnderTest(own);
    await deliver(site, push('a', 1000));
    await resealSecret('another-secret');
    expect((await deliver(site, push('b', 1001))).status).toBe(401);
    expect(await deployments()).toHaveLength(1);
  });

  test('a project that was deleted meanwhile is unknown', async () => {
    const { deliver } = webhookUnderTest(own);
    await deliver(site, push('a', 1000));
    await own.store.projects.startDeleting(site.project.id);
    expect((await deliver(site, push('b', 1001))).status).toBe(401);
    expect(await deployments()).toHaveLength(1);
  });

  test('a delivery that comes again is a repetition, whatever came since', async () => {
    const { deliver } = webhookUnderTest(own);
    const guid = randomUUID();
    const first = await deliver(site, push('a', 1000), { guid });
    await deliver(site, push('b', 1001));
    const again = await deliver(site, push('a', 1000), { guid });
    expect(again.body.data).toEqual({ ...first.body.data, replayed: true });
    expect(await deployments()).toHaveLength(2);
  });
});

async function resealSecret(secret: string) {
  const sealed = await own.sealer.seal(secret, {
    project: site.project.id,
    context: webhookSecretContext(site.project.id),
  });
  await own.db.query(sql`update projects set webhook_secret_sealed = ${sealed} where id = ${site.project.id}`);
}
