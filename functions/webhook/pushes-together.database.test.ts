import { randomUUID } from 'node:crypto';
import { sql } from '@miaobu/shared/db/sql';
import { sha256Hex } from '@miaobu/shared/kernel/hmac';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ImportedProject, importProject } from '../../tests/database/import-project.ts';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { pushEvent, webhookUnderTest } from '../../tests/database/webhook-under-test.ts';

const PROJECTS = 24;

let own: TestStore;
let sites: ImportedProject[];

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  sites = [];
  for (let n = 0; n < PROJECTS; n += 1) sites.push(await importProject(own, { slug: `site-${n}` }));
});
afterAll(() => own.close());

const commit = (name: string) => sha256Hex(name).slice(0, 40);
const push = (name: string, pushedAt = 1000) => pushEvent({ after: commit(name), pushedAt });
const queued = () =>
  own.db.query<{ commitSha: string }>(sql`select commit_sha from deployments where status = 'queued'`);

test('pushes of many projects at once are all taken, by fewer statements than there are pushes', async () => {
  const together: number[] = [];
  const store: typeof own.store = {
    ...own.store,
    pushes: {
      ...own.store.pushes,
      accept: (pushes, by) => {
        together.push(pushes.length);
        return own.store.pushes.accept(pushes, by);
      },
    },
  };
  const { deliver } = webhookUnderTest({ store, sealer: own.sealer });
  const answers = await Promise.all(sites.map((site, n) => deliver(site, push(`${n}`))));
  expect(answers.map(({ body }) => body.data?.outcome)).toEqual(sites.map(() => 'accepted'));
  expect(await queued()).toHaveLength(PROJECTS);
  expect(together.reduce((sum, count) => sum + count, 0)).toBe(PROJECTS);
  expect(together.length).toBeLessThan(PROJECTS / 2);
});

test('a push that cannot be taken does not keep those from being taken that came at the same time', async () => {
  const { deliver } = webhookUnderTest(own);
  const guids = sites.map(() => randomUUID());
  await Promise.all(sites.map((site, n) => deliver(site, push(`${n}`), { guid: guids[n] ?? '' })));
  // Every other one has the id of a delivery that is there, which nothing but the statement itself finds out.
  const again = await Promise.all(
    sites.map((site, n) =>
      deliver(site, push(`later ${n}`, 1001), { guid: (n % 2 ? guids[n] : undefined) ?? randomUUID() }),
    ),
  );
  expect(again.map(({ status }) => status)).toEqual(sites.map((_, n) => (n % 2 ? 409 : 202)));
  const commits = new Set((await queued()).map(({ commitSha }) => commitSha));
  expect(commits).toEqual(new Set(sites.map((_, n) => commit(n % 2 ? `${n}` : `later ${n}`))));
});

test('a push that was overtaken does not keep those from being taken that came at the same time', async () => {
  const statements: (boolean | undefined)[][] = [];
  const overtaking: typeof own.store = {
    ...own.store,
    pushes: {
      ...own.store.pushes,
      accept: async (pushes, by) => {
        const [first] = pushes;
        // Whatever this statement takes up first has a new name by then.
        if (first) await own.store.projects.change(first.project.id, { name: 'renamed meanwhile' });
        const ids = await own.store.pushes.accept(pushes, by);
        statements.push(ids.map((id) => id !== undefined));
        return ids;
      },
    },
  };
  const { deliver } = webhookUnderTest({ store: overtaking, sealer: own.sealer });
  const answers = await Promise.all(sites.map((site, n) => deliver(site, push(`${n}`))));
  expect(answers.map(({ body }) => body.data?.outcome)).toEqual(sites.map(() => 'accepted'));
  for (const [first, ...others] of statements) {
    expect(first).toBe(false);
    expect(others).toEqual(others.map(() => true));
  }
  expect(statements.some((taken) => taken.length > 1)).toBe(true);
  expect(await queued()).toHaveLength(PROJECTS);
});

test('two instances that take the same projects in opposite orders both come to an end, each branch on its newest push', async () => {
  const instances = [webhookUnderTest(own), webhookUnderTest(own)];
  const orders = [sites, sites.toReversed()];
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

test('of pushes to one branch at once the newest is the last', async () => {
  const { deliver } = webhookUnderTest(own);
  const [site] = sites;
  if (!site) throw new Error('there is no site');
  await deliver(site, push('first', 999));
  const pushes = Array.from({ length: 12 }, (_, n) => deliver(site, push(`${n}`, 1000 + n)));
  for (const { status } of await Promise.all(pushes)) expect(status).toBe(202);
  expect(await queued()).toEqual([{ commitSha: commit('11') }]);
});
