import { randomUUID } from 'node:crypto';
import { sql } from '@miaobu/shared/db/sql';
import { readId } from '@miaobu/shared/kernel/ids';
import { expect, test } from 'vitest';
import { commit, eachTestHasAHookedProject } from '../../tests/database/hooked-project.ts';
import { importProject } from '../../tests/database/import-project.ts';
import { pushEvent, webhookUnderTest } from '../../tests/database/webhook-under-test.ts';

const hooked = eachTestHasAHookedProject();

const webhook = () => webhookUnderTest(hooked.stored);
const deployments = () =>
  hooked.stored.db.query<{ commitSha: string; seq: number; status: string; reason: string | null }>(
    sql`select commit_sha, seq, status, reason from deployments order by environment_id, seq`,
  );
const deliveries = () =>
  hooked.stored.db.query<{ outcome: string; note: string | null; seenCount: number }>(
    sql`select outcome, note, seen_count from webhook_deliveries order by id`,
  );
/** How many branch syncs are pending. */
const headsAskedFor = async () =>
  (
    await hooked.stored.db.query(sql`
      select 1 from outbox where topic = 'branch.sync' and state = 'pending' and run_at <= db_now()`)
  ).length;

test('a push queues one deployment, with everything a build needs, and the message that starts it', async () => {
  const { deliver, rings } = webhook();
  const guid = randomUUID();
  const event = pushEvent({ after: commit('a'), pushedAt: 1000, message: 'Say hello\n\nand more' });
  const answer = await deliver(hooked.site, event, { guid });
  expect(answer.status).toBe(202);
  expect(answer.body.data).toEqual({
    outcome: 'accepted',
    replayed: false,
    deployment_id: expect.stringMatching(/^dep_/),
    note: null,
  });
  const id = readId('deployment', answer.body.data?.deployment_id ?? '') ?? '';
  expect(await hooked.stored.deployment(id)).toMatchObject({
    environmentId: hooked.site.production.id,
    seq: 1,
    status: 'queued',
    trigger: 'push',
    branch: 'main',
    commitSha: commit('a'),
    commitMessage: 'Say hello\n\nand more',
    commitAuthor: 'you',
    requestId: guid,
  });
  expect(await hooked.stored.environment(hooked.site.production.id)).toMatchObject({
    headSha: commit('a'),
    headPushedAt: 1000,
    nextSeq: 2,
  });
  expect(await hooked.stored.messages('build.start')).toMatchObject([{ state: 'pending' }]);
  expect(await deliveries()).toEqual([{ outcome: 'accepted', note: null, seenCount: 1 }]);
  expect(rings).toEqual([guid]);
});

test('a redelivery is answered like the first delivery, and queues nothing', async () => {
  const { deliver, rings } = webhook();
  const guid = randomUUID();
  const event = pushEvent({ after: commit('a'), pushedAt: 1000 });
  const first = await deliver(hooked.site, event, { guid });
  const second = await deliver(hooked.site, event, { guid });
  expect(second.status).toBe(202);
  expect(second.body.data).toEqual({ ...first.body.data, replayed: true });
  expect(await deployments()).toHaveLength(1);
  expect(await deliveries()).toEqual([{ outcome: 'accepted', note: null, seenCount: 2 }]);
  expect(rings).toHaveLength(1);
});

test('the same bytes under a fresh delivery id are a replay, because GitHub signs the body only', async () => {
  const { deliver } = webhook();
  const event = pushEvent({ after: commit('a'), pushedAt: 1000 });
  const first = await deliver(hooked.site, event);
  await deliver(hooked.site, pushEvent({ after: commit('b'), pushedAt: 2000 }));
  const replay = await deliver(hooked.site, event);
  expect(replay.body.data).toEqual({ ...first.body.data, replayed: true });
  expect((await deployments()).map(({ commitSha }) => commitSha)).toEqual([commit('a'), commit('b')]);
});

test('a delivery id reused with another body is refused, and changes nothing', async () => {
  const { deliver, log } = webhook();
  const guid = randomUUID();
  await deliver(hooked.site, pushEvent({ after: commit('a'), pushedAt: 1000 }), { guid });
  const other = await deliver(hooked.site, pushEvent({ after: commit('b'), pushedAt: 2000 }), { guid });
  expect([other.status, other.body.error?.code]).toEqual([409, 'conflict']);
  expect(await deployments()).toHaveLength(1);
  expect(log.join('')).toContain('one delivery id came with two bodies');
});

test('many concurrent copies of one delivery queue one deployment', async () => {
  const { deliver, rings } = webhook();
  const guid = randomUUID();
  const event = pushEvent({ after: commit('a'), pushedAt: 1000 });
  const answers = await Promise.all(Array.from({ length: 12 }, () => deliver(hooked.site, event, { guid })));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
  expect(new Set(answers.map(({ body }) => body.data?.deployment_id)).size).toBe(1);
  expect(answers.filter(({ body }) => !body.data?.replayed)).toHaveLength(1);
  expect(await deployments()).toHaveLength(1);
  expect(rings).toHaveLength(1);
});

test.each([
  ['older than', 999],
  ['in the same second as', 1000],
])('a push %s the newest queues nothing, and requests a sync of the branch instead', async (_, pushedAt) => {
  const { deliver, rings } = webhook();
  await deliver(hooked.site, pushEvent({ after: commit('a'), pushedAt: 1000 }));
  expect(await headsAskedFor()).toBe(0);
  const late = await deliver(hooked.site, pushEvent({ after: commit('b'), pushedAt }));
  expect(late.status).toBe(202);
  expect(late.body.data).toMatchObject({ outcome: 'stale', deployment_id: null, replayed: false });
  expect(await deployments()).toMatchObject([{ commitSha: commit('a'), status: 'queued' }]);
  expect(await headsAskedFor()).toBe(1);
  expect(await hooked.stored.environment(hooked.site.production.id)).toMatchObject({
    headSha: commit('a'),
    headPushedAt: 1000,
  });
  expect(rings).toHaveLength(2);
});

test('several stale pushes request one sync', async () => {
  const { deliver } = webhook();
  await deliver(hooked.site, pushEvent({ after: commit('a'), pushedAt: 1000 }));
  await deliver(hooked.site, pushEvent({ after: commit('b'), pushedAt: 998 }));
  await deliver(hooked.site, pushEvent({ after: commit('c'), pushedAt: 999 }));
  expect(await headsAskedFor()).toBe(1);
});

test('A, B and A again are three deployments, and the second A wins', async () => {
  const { deliver } = webhook();
  for (const [index, name] of ['a', 'b', 'a'].entries()) {
    const answer = await deliver(hooked.site, pushEvent({ after: commit(name), pushedAt: 1000 + index }));
    expect(answer.body.data?.outcome).toBe('accepted');
  }
  expect(await deployments()).toEqual([
    { commitSha: commit('a'), seq: 1, status: 'cancelled', reason: 'superseded' },
    { commitSha: commit('b'), seq: 2, status: 'cancelled', reason: 'superseded' },
    { commitSha: commit('a'), seq: 3, status: 'queued', reason: null },
  ]);
});

test('A, B and A again within one second are not ordered by guessing: a sync is requested', async () => {
  const { deliver } = webhook();
  const [a, b] = [commit('a'), commit('b')];
  await deliver(hooked.site, pushEvent({ before: b, after: a, pushedAt: 1000 }));
  const second = await deliver(hooked.site, pushEvent({ before: a, after: b, pushedAt: 1000 }));
  expect(second.body.data?.outcome).toBe('stale');
  expect(await deployments()).toMatchObject([{ commitSha: a }]);
  expect(await headsAskedFor()).toBe(1);
});

test('a push of the deployed commit queues nothing; of a failed one, it retries', async () => {
  const { deliver } = webhook();
  const first = await deliver(hooked.site, pushEvent({ after: commit('a'), pushedAt: 1000 }));
  const again = await deliver(hooked.site, pushEvent({ after: commit('a'), pushedAt: 1001 }));
  expect(again.body.data).toMatchObject({ outcome: 'duplicate_head', deployment_id: first.body.data?.deployment_id });
  await hooked.stored.db.query(sql`update deployments set status = 'failed'`);
  const retried = await deliver(hooked.site, pushEvent({ after: commit('a'), pushedAt: 1002 }));
  expect(retried.body.data?.outcome).toBe('accepted');
  expect(await deployments()).toMatchObject([{ status: 'failed' }, { status: 'queued' }]);
});

test('a newer push cancels older ones whose build has not started, and only those', async () => {
  const { deliver } = webhook();
  const started = await deliver(hooked.site, pushEvent({ after: commit('a'), pushedAt: 1000 }));
  const startedId = readId('deployment', started.body.data?.deployment_id ?? '') ?? '';
  const moved = await hooked.stored.store.deployments.move(startedId, {
    to: 'cloning',
    by: 'build-callback',
    requestId: 'r',
  });
  expect(moved?.status).toBe('cloning');
  await deliver(hooked.site, pushEvent({ after: commit('b'), pushedAt: 1001 }));
  await deliver(hooked.site, pushEvent({ after: commit('c'), pushedAt: 1002 }));
  expect(await deployments()).toMatchObject([
    { commitSha: commit('a'), status: 'cloning' },
    { commitSha: commit('b'), status: 'cancelled', reason: 'superseded' },
    { commitSha: commit('c'), status: 'queued' },
  ]);
});

test('a tag, a deleted branch and an unfollowed branch are only recorded', async () => {
  const { deliver, rings } = webhook();
  const nobody = '0'.repeat(40);
  const events = [
    pushEvent({ after: commit('a'), pushedAt: 1000, ref: 'refs/tags/v1' }),
    pushEvent({ before: commit('a'), after: nobody, pushedAt: 1001 }),
    pushEvent({ after: commit('b'), pushedAt: 1002, ref: 'refs/heads/feature/x' }),
    // A tag with the branch's name is still a tag.
    pushEvent({ after: commit('c'), pushedAt: 1003, ref: 'refs/tags/main' }),
  ];
  for (const event of events) {
    const answer = await deliver(hooked.site, event);
    expect([answer.status, answer.body.data?.outcome]).toEqual([202, 'ignored']);
  }
  expect((await deliveries()).map(({ note }) => note)).toEqual([
    'not a branch',
    'the branch was deleted',
    'no environment follows this branch',
    'not a branch',
  ]);
  expect(await deployments()).toEqual([]);
  expect(await hooked.stored.messages()).toEqual([]);
  expect(rings).toEqual([]);
  expect(await hooked.stored.environment(hooked.site.production.id)).toMatchObject({ headSha: null, nextSeq: 1 });
});

test('two projects on one repository both deploy one push, whose delivery id they share', async () => {
  const docs = await importProject(hooked.stored, { slug: 'docs' });
  const { deliver } = webhook();
  const guid = randomUUID();
  const event = pushEvent({ after: commit('a'), pushedAt: 1000 });
  const answers = [await deliver(hooked.site, event, { guid }), await deliver(docs, event, { guid })];
  expect(answers.map(({ body }) => [body.data?.outcome, body.data?.replayed])).toEqual([
    ['accepted', false],
    ['accepted', false],
  ]);
  const projects = await hooked.stored.db.query<{ projectId: string }>(
    sql`select distinct project_id from deployments`,
  );
  expect(projects).toHaveLength(2);
});

test('a hundred concurrent pushes get distinct sequence numbers, and the newest is last', async () => {
  const { deliver } = webhook();
  const pushes = Array.from({ length: 100 }, (_, index) => ({
    guid: randomUUID(),
    event: pushEvent({ after: commit(`${index}`), pushedAt: 1000 + index }),
  }));
  // An instance with few connections may refuse some; GitHub's deliveries can be requested again.
  const deliverUntilTaken = async ({ guid, event }: (typeof pushes)[number]) => {
    for (;;) {
      const answer = await deliver(hooked.site, event, { guid });
      if (answer.status !== 503) return answer;
    }
  };
  const answers = await Promise.all(pushes.map(deliverUntilTaken));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));

  const accepted = answers.filter(({ body }) => body.data?.outcome === 'accepted');
  const stale = answers.filter(({ body }) => body.data?.outcome === 'stale');
  expect(accepted.length + stale.length).toBe(100);
  const queued = await deployments();
  expect(queued.map(({ seq }) => seq)).toEqual(Array.from({ length: accepted.length }, (_, index) => index + 1));
  // A push accepted later is newer, so the last one is the newest of all.
  const order = queued.map(({ commitSha }) => pushes.findIndex((_, index) => commit(`${index}`) === commitSha));
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(order.at(-1)).toBe(99);
  expect(queued.filter(({ status }) => status === 'queued')).toHaveLength(1);
  expect(await headsAskedFor()).toBeLessThanOrEqual(1);
});
