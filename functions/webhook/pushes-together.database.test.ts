import { randomUUID } from 'node:crypto';
import { sql } from '@miaobu/shared/db/sql';
import { expect, test } from 'vitest';
import { commit, eachTestHasHookedProjects, push } from '../../tests/database/hooked-project.ts';
import { webhookUnderTest } from '../../tests/database/webhook-under-test.ts';

const PROJECTS = 24;

const hooked = eachTestHasHookedProjects(PROJECTS);

const queued = () =>
  hooked.stored.db.query<{ commitSha: string }>(sql`select commit_sha from deployments where status = 'queued'`);

test('concurrent pushes of many projects are all accepted, by fewer statements than pushes', async () => {
  const together: number[] = [];
  const store: typeof hooked.stored.store = {
    ...hooked.stored.store,
    pushes: {
      ...hooked.stored.store.pushes,
      accept: (pushes, by) => {
        together.push(pushes.length);
        return hooked.stored.store.pushes.accept(pushes, by);
      },
    },
  };
  const { deliver } = webhookUnderTest({ store, sealer: hooked.stored.sealer });
  const answers = await Promise.all(hooked.sites.map((site, n) => deliver(site, push(`${n}`))));
  expect(answers.map(({ body }) => body.data?.outcome)).toEqual(hooked.sites.map(() => 'accepted'));
  expect(await queued()).toHaveLength(PROJECTS);
  expect(together.reduce((sum, count) => sum + count, 0)).toBe(PROJECTS);
  expect(together.length).toBeLessThan(PROJECTS / 2);
});

test('a push that cannot be accepted does not block others in its batch', async () => {
  const { deliver } = webhookUnderTest(hooked.stored);
  const guids = hooked.sites.map(() => randomUUID());
  await Promise.all(hooked.sites.map((site, n) => deliver(site, push(`${n}`), { guid: guids[n] ?? '' })));
  // Every other one reuses the id of a recorded delivery, which only the statement itself can detect.
  const again = await Promise.all(
    hooked.sites.map((site, n) =>
      deliver(site, push(`later ${n}`, 1001), { guid: (n % 2 ? guids[n] : undefined) ?? randomUUID() }),
    ),
  );
  expect(again.map(({ status }) => status)).toEqual(hooked.sites.map((_, n) => (n % 2 ? 409 : 202)));
  const commits = new Set((await queued()).map(({ commitSha }) => commitSha));
  expect(commits).toEqual(new Set(hooked.sites.map((_, n) => commit(n % 2 ? `${n}` : `later ${n}`))));
});

test('an overtaken push does not block others in its batch', async () => {
  const statements: (boolean | undefined)[][] = [];
  const overtaking: typeof hooked.stored.store = {
    ...hooked.stored.store,
    pushes: {
      ...hooked.stored.store.pushes,
      accept: async (pushes, by) => {
        const [first] = pushes;
        // Whichever project this statement accepts first has been renamed by then.
        if (first) await hooked.stored.store.projects.change(first.project.id, { name: 'renamed meanwhile' });
        const ids = await hooked.stored.store.pushes.accept(pushes, by);
        statements.push(ids.map((id) => id !== undefined));
        return ids;
      },
    },
  };
  const { deliver } = webhookUnderTest({ store: overtaking, sealer: hooked.stored.sealer });
  const answers = await Promise.all(hooked.sites.map((site, n) => deliver(site, push(`${n}`))));
  expect(answers.map(({ body }) => body.data?.outcome)).toEqual(hooked.sites.map(() => 'accepted'));
  for (const [first, ...others] of statements) {
    expect(first).toBe(false);
    expect(others).toEqual(others.map(() => true));
  }
  expect(statements.some((taken) => taken.length > 1)).toBe(true);
  expect(await queued()).toHaveLength(PROJECTS);
});

test('two instances that accept the same projects in opposite order both finish, each branch on its newest push', async () => {
  const instances = [webhookUnderTest(hooked.stored), webhookUnderTest(hooked.stored)];
  const orders = [hooked.sites, hooked.sites.toReversed()];
  for (let round = 0; round < 5; round += 1) {
    const answers = await Promise.all(
      instances.flatMap(({ deliver }, instance) =>
        (orders[instance] ?? []).map((site) =>
          deliver(site, push(`${round} ${instance}`, 1000 + round * 2 + instance)),
        ),
      ),
    );
    for (const { status } of answers) expect(status).toBe(202);
  }
  expect(new Set((await queued()).map(({ commitSha }) => commitSha))).toEqual(new Set([commit('4 1')]));
});

test('of concurrent pushes to one branch the newest is the last', async () => {
  const { deliver } = webhookUnderTest(hooked.stored);
  const [site] = hooked.sites;
  if (!site) throw new Error('there is no site');
  await deliver(site, push('first', 999));
  const pushes = Array.from({ length: 12 }, (_, n) => deliver(site, push(`${n}`, 1000 + n)));
  for (const { status } of await Promise.all(pushes)) expect(status).toBe(202);
  expect(await queued()).toEqual([{ commitSha: commit('11') }]);
});
