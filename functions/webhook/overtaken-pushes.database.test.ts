import { randomUUID } from 'node:crypto';
import { sql } from '@miaobu/shared/db/sql';
import { webhookSecretContext } from '@miaobu/shared/model/project/project';
import { describe, expect, test } from 'vitest';
import { commit, eachTestHasAHookedProject, push } from '../../tests/database/hooked-project.ts';
import { dispatchAttempt } from '../../tests/database/prepare-deployment.ts';
import { webhookUnderTest } from '../../tests/database/webhook-under-test.ts';
import { PATIENCE } from '../../tests/patience.ts';

const hooked = eachTestHasAHookedProject();

const deployments = () =>
  hooked.stored.db.query<{ commitSha: string; status: string }>(
    sql`select commit_sha, status from deployments order by environment_id, seq`,
  );
const outcomes = async () =>
  (await hooked.stored.db.query<{ outcome: string }>(sql`select outcome from webhook_deliveries order by id`)).map(
    ({ outcome }) => outcome,
  );

/** A webhook in which `meanwhile` runs between the decision on a push and the statement that accepts it. */
function overtakenBy(meanwhile: () => Promise<unknown>) {
  const taken: boolean[] = [];
  const { store, sealer } = hooked.stored;
  const accept: typeof store.pushes.accept = async (accepted, by) => {
    await meanwhile();
    const ids = await store.pushes.accept(accepted, by);
    taken.push(...ids.map((id) => id !== undefined));
    return ids;
  };
  const { deliver } = webhookUnderTest({ store: { ...store, pushes: { ...store.pushes, accept } }, sealer });
  return { deliver, taken };
}

test('a push without a race is accepted at once', async () => {
  const { deliver, taken } = overtakenBy(async () => {});
  expect((await deliver(hooked.site, push('a', 1000))).body.data?.outcome).toBe('accepted');
  expect((await deliver(hooked.site, push('b', 1001))).body.data?.outcome).toBe('accepted');
  expect(taken).toEqual([true, true]);
  expect(await deployments()).toEqual([
    { commitSha: commit('a'), status: 'cancelled' },
    { commitSha: commit('b'), status: 'queued' },
  ]);
});

test('a push overtaken by an older one is still queued after it', async () => {
  const other = webhookUnderTest(hooked.stored);
  const { deliver, taken } = overtakenBy(() => other.deliver(hooked.site, push('a', 1000)));
  expect((await deliver(hooked.site, push('b', 1001))).body.data?.outcome).toBe('accepted');
  expect(taken).toEqual([false]);
  expect(await deployments()).toEqual([
    { commitSha: commit('a'), status: 'cancelled' },
    { commitSha: commit('b'), status: 'queued' },
  ]);
});

test('a push overtaken by a newer one is stale', async () => {
  const other = webhookUnderTest(hooked.stored);
  const { deliver, taken } = overtakenBy(() => other.deliver(hooked.site, push('b', 1001)));
  expect((await deliver(hooked.site, push('a', 1000))).body.data?.outcome).toBe('stale');
  expect(taken).toEqual([false]);
  expect(await deployments()).toEqual([{ commitSha: commit('b'), status: 'queued' }]);
});

test('a delivery overtaken by its own duplicate is answered like the first', async () => {
  const other = webhookUnderTest(hooked.stored);
  const guid = randomUUID();
  const { deliver } = overtakenBy(() => other.deliver(hooked.site, push('a', 1000), { guid }));
  expect((await deliver(hooked.site, push('a', 1000), { guid })).body.data).toMatchObject({
    outcome: 'accepted',
    replayed: true,
  });
  expect(await deployments()).toHaveLength(1);
  expect(await outcomes()).toEqual(['accepted']);
});

test('a commit overtaken by another delivery of the same commit is deployed once', async () => {
  const other = webhookUnderTest(hooked.stored);
  const { deliver } = overtakenBy(() => other.deliver(hooked.site, push('a', 1000)));
  expect((await deliver(hooked.site, push('a', 1001))).body.data?.outcome).toBe('duplicate_head');
  expect(await deployments()).toHaveLength(1);
});

test.each([
  ['switched off', () => hooked.stored.store.environments.disable(hooked.site.production.id)],
  ['follows another branch', () => hooked.stored.db.query(sql`update environments set branch = 'next'`)],
])('nothing is deployed to an environment that meanwhile is or %s', async (_, meanwhile) => {
  const { deliver, taken } = overtakenBy(meanwhile);
  expect((await deliver(hooked.site, push('a', 1000))).body.data?.outcome).toBe('ignored');
  expect(taken).toEqual([false]);
  expect(await deployments()).toEqual([]);
});

test('nothing is deployed to a project whose deletion starts meanwhile', async () => {
  const { deliver, taken } = overtakenBy(() => hooked.stored.store.projects.startDeleting(hooked.site.project.id));
  expect((await deliver(hooked.site, push('a', 1000))).status).toBe(401);
  expect(taken).toEqual([false]);
  expect(await deployments()).toEqual([]);
  expect(await outcomes()).toEqual([]);
});

test("deleting the project while the statement waits for the environment's lock wins", async () => {
  const { store, sealer } = hooked.stored;
  let answered: Promise<{ status: number }> | undefined;
  const { deliver } = webhookUnderTest({ store, sealer });
  await store.transaction(async (repositories) => {
    await repositories.environments.lock(hooked.site.production.id);
    answered = deliver(hooked.site, push('a', 1000));
    await expect
      .poll(
        () =>
          hooked.stored.db.query(
            sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
          ),
        PATIENCE,
      )
      .toHaveLength(1);
    await repositories.projects.startDeleting(hooked.site.project.id);
  });
  expect((await answered)?.status).toBe(401);
  expect(await deployments()).toEqual([]);
});

test('a run that is requested meanwhile is ended', async () => {
  const first = webhookUnderTest(hooked.stored);
  await first.deliver(hooked.site, push('a', 1000));
  const { deliver, taken } = overtakenBy(dispatchOnly);
  expect((await deliver(hooked.site, push('b', 1001))).body.data?.outcome).toBe('accepted');
  expect(taken).toEqual([false]);
  expect(await hooked.stored.messages('run.cancel')).toMatchObject([{ state: 'pending' }]);
  expect((await deployments()).map(({ status }) => status)).toEqual(['cancelled', 'queued']);
});

/** Requests a run for the only deployment. */
async function dispatchOnly() {
  const [queued] = await hooked.stored.db.query<{ id: string }>(sql`select id from deployments`);
  await dispatchAttempt(hooked.stored, queued?.id ?? '');
}

describe("an instance's stale cache of its last push decides nothing", () => {
  test.each<[string, () => Promise<unknown>]>([
    ['the deployment was given to a runner', dispatchOnly],
    ['another instance has taken a push', () => webhookUnderTest(hooked.stored).deliver(hooked.site, push('b', 1001))],
    [
      'the settings were changed',
      () => hooked.stored.store.projects.change(hooked.site.project.id, { buildCommand: 'make' }),
    ],
    ['the secret was sealed anew', () => resealSecret(hooked.site.webhookSecret)],
    ['what was pushed has failed', () => hooked.stored.db.query(sql`update deployments set status = 'failed'`)],
    ['history is forgotten', () => hooked.stored.db.query(sql`delete from webhook_deliveries`)],
  ])('%s', async (_, meanwhile) => {
    const { deliver } = webhookUnderTest(hooked.stored);
    await deliver(hooked.site, push('a', 1000));
    await meanwhile();
    expect((await deliver(hooked.site, push('c', 1002))).body.data).toMatchObject({
      outcome: 'accepted',
      replayed: false,
    });
    const all = await hooked.stored.db.query<{ commitSha: string; status: string; buildCommand: string | null }>(sql`
      select commit_sha, status, settings->>'build_command' as build_command from deployments order by seq`);
    const project = await hooked.stored.store.projects.find(hooked.site.project.id);
    expect(all.at(-1)).toEqual({
      commitSha: commit('c'),
      status: 'queued',
      buildCommand: project?.buildCommand ?? null,
    });
    expect(all.filter(({ status }) => status === 'queued')).toHaveLength(1);
  });

  test('a new secret is valid from the next delivery on, and the old one is not', async () => {
    const { deliver } = webhookUnderTest(hooked.stored);
    await deliver(hooked.site, push('a', 1000));
    await resealSecret('another-secret');
    const renewed = { ...hooked.site, webhookSecret: 'another-secret' };
    expect((await deliver(renewed, push('b', 1001))).body.data?.outcome).toBe('accepted');
    expect((await deliver(hooked.site, push('c', 1002))).status).toBe(401);
  });

  test('a delivery signed with an old secret is refused although the instance has cached it', async () => {
    const { deliver } = webhookUnderTest(hooked.stored);
    await deliver(hooked.site, push('a', 1000));
    await resealSecret('another-secret');
    expect((await deliver(hooked.site, push('b', 1001))).status).toBe(401);
    expect(await deployments()).toHaveLength(1);
  });

  test('a project deleted meanwhile is unknown', async () => {
    const { deliver } = webhookUnderTest(hooked.stored);
    await deliver(hooked.site, push('a', 1000));
    await hooked.stored.store.projects.startDeleting(hooked.site.project.id);
    expect((await deliver(hooked.site, push('b', 1001))).status).toBe(401);
    expect(await deployments()).toHaveLength(1);
  });

  test('a repeated delivery is a replay, whatever happened in between', async () => {
    const { deliver } = webhookUnderTest(hooked.stored);
    const guid = randomUUID();
    const first = await deliver(hooked.site, push('a', 1000), { guid });
    await deliver(hooked.site, push('b', 1001));
    const again = await deliver(hooked.site, push('a', 1000), { guid });
    expect(again.body.data).toEqual({ ...first.body.data, replayed: true });
    expect(await deployments()).toHaveLength(2);
  });
});

async function resealSecret(secret: string) {
  const sealed = await hooked.stored.sealer.seal(secret, {
    project: hooked.site.project.id,
    context: webhookSecretContext(hooked.site.project.id),
  });
  await hooked.stored.db.query(
    sql`update projects set webhook_secret_sealed = ${sealed} where id = ${hooked.site.project.id}`,
  );
}
