import { randomUUID } from 'node:crypto';
import { openDatabase } from '@miaobu/shared/db/database';
import { sql } from '@miaobu/shared/db/sql';
import { repositories } from '@miaobu/shared/model/repositories';
import { describe, expect, test } from 'vitest';
import { type PassingStatement, startPostgresProxy } from '../../tests/crash/postgres-proxy.ts';
import { commit, eachTestHasHookedProjects, push } from '../../tests/database/hooked-project.ts';
import type { ImportedProject } from '../../tests/database/import-project.ts';
import { webhookUnderTest } from '../../tests/database/webhook-under-test.ts';
import { INTAKE_TIME, type IntakeTime, STATEMENT_SECONDS } from './intake-time.ts';

/** Less than tests wait for a lock and than a statement may take, so that only the deadline can end what waits here; enough to get there. */
const SHORT: IntakeTime = { commitMs: 3000, answerMs: 5000 };
const AGES: IntakeTime = { commitMs: 60_000, answerMs: 60_000 };

const hooked = eachTestHasHookedProjects(3);

function site(n: number): ImportedProject {
  const found = hooked.sites[n];
  if (!found) throw new Error('there is no such site');
  return found;
}
const webhook = (time: IntakeTime) => webhookUnderTest(hooked.stored, undefined, time);
const deployed = async () =>
  (await hooked.stored.db.query<{ commitSha: string }>(sql`select commit_sha from deployments order by id`)).map(
    ({ commitSha }) => commitSha,
  );
const recorded = async () => (await hooked.stored.db.query(sql`select 1 from webhook_deliveries`)).length;
/** Statements of others that are at work or wait. */
const atWork = () =>
  hooked.stored.db.query(sql`
    select query from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and state = 'active'`);

/** Holds a site's lock in a session of its own while `work` runs. */
const whileLocked = <T>(locked: ImportedProject, work: () => Promise<T>): Promise<T> =>
  hooked.stored.store.transaction(async ({ environments }) => {
    await environments.lock(locked.production.id);
    return work();
  });

test('GitHub waits ten seconds, and gets its answer in less; usually no statement has to be told its time', () => {
  expect(INTAKE_TIME.answerMs).toBeLessThan(9000);
  expect(INTAKE_TIME.commitMs).toBeLessThan(INTAKE_TIME.answerMs);
  expect(STATEMENT_SECONDS * 1000).toBeLessThan(INTAKE_TIME.commitMs / 1.5);
});

describe('a push to a branch whose lock is not given up in time', () => {
  test('is answered 503, is not taken later, and is taken once when it is sent again', async () => {
    const { deliver, rings, log } = webhook(SHORT);
    const guid = randomUUID();
    await whileLocked(site(0), async () => {
      const answer = await deliver(site(0), push('a'), { guid });
      expect([answer.status, answer.body.error?.code]).toEqual([503, 'database_unavailable']);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      // Postgres has cancelled the statement, and nothing waits for the lock any more.
      expect(log.join('')).toContain('canceling statement due to statement timeout');
      expect(await atWork()).toEqual([]);
    });
    expect([await deployed(), await recorded(), rings]).toEqual([[], 0, []]);
    const patient = webhook(AGES);
    const again = await patient.deliver(site(0), push('a'), { guid });
    expect(again.body.data).toMatchObject({ outcome: 'accepted', replayed: false });
    expect((await patient.deliver(site(0), push('a'), { guid })).body.data).toMatchObject({ replayed: true });
    expect(await deployed()).toEqual([commit('a')]);
  });

  test('holds up no push to another branch', async () => {
    const { deliver } = webhook(AGES);
    const locked = await whileLocked(site(0), async () => {
      const waiting = deliver(site(0), push('a'));
      const others = await Promise.all([deliver(site(1), push('b')), deliver(site(2), push('c'))]);
      expect(others.map(({ body }) => body.data?.outcome)).toEqual(['accepted', 'accepted']);
      return { waiting };
    });
    expect((await locked.waiting).body.data?.outcome).toBe('accepted');
    expect((await deployed()).toSorted()).toEqual([commit('a'), commit('b'), commit('c')].toSorted());
  });
});

const ACCEPTING = /insert into webhook_deliveries/;

/** A webhook behind a wire on which Postgres's answers to such statements get stuck. */
async function behindAStuckWire(isStuck: (passing: PassingStatement) => boolean) {
  let statements = 0;
  const own = new URL(hooked.stored.url);
  const proxy = await startPostgresProxy(own, async (passing) => {
    if (passing.side === 'before' || !isStuck(passing)) return 'pass';
    statements += 1;
    return new Promise(() => {});
  });
  const url = new URL(own);
  url.port = String(proxy.port);
  const db = openDatabase({ url: url.href, poolSize: 2, statementSeconds: STATEMENT_SECONDS });
  return {
    ...webhookUnderTest({ store: repositories(db), sealer: hooked.stored.sealer }, undefined, SHORT),
    statements: () => statements,
    async close() {
      await db.close();
      await proxy.close();
    },
  };
}

test('a push whose commit was not heard of is answered 503, and answered as replayed when it is sent again', async () => {
  const stuck = await behindAStuckWire(
    ({ statement, transaction }) => statement === 'commit' && ACCEPTING.test(transaction),
  );
  const guid = randomUUID();
  expect((await stuck.deliver(site(0), push('a'), { guid })).status).toBe(503);
  expect(stuck.rings).toEqual([]);
  expect(await deployed()).toEqual([commit('a')]);
  expect((await webhook(AGES).deliver(site(0), push('a'), { guid })).body.data).toMatchObject({
    outcome: 'accepted',
    replayed: true,
  });
  expect(await deployed()).toEqual([commit('a')]);
  await stuck.close();
});

test('a push that waits for the statement of others until its time is up is answered 503, and never sent to Postgres', async () => {
  const stuck = await behindAStuckWire(({ statement }) => ACCEPTING.test(statement));
  const answers = await Promise.all([0, 1, 2].map((n) => stuck.deliver(site(n), push(`${n}`))));
  expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
  expect(stuck.statements()).toBe(1);
  // Without its answer, the statement that was sent is not committed either.
  expect([await deployed(), await recorded()]).toEqual([[], 0]);
  await stuck.close();
});

test('a push with almost no time left is refused: it would shorten the statement that it shares', async () => {
  const { stored } = hooked;
  const batches: number[] = [];
  const store: typeof stored.store = {
    ...stored.store,
    pushes: {
      ...stored.store.pushes,
      async accept(pushes, by, deadline) {
        batches.push(pushes.length);
        return stored.store.pushes.accept(pushes, by, deadline);
      },
    },
  };
  const late = webhookUnderTest({ store, sealer: stored.sealer }, undefined, { commitMs: 400, answerMs: 60_000 });
  expect((await late.deliver(site(0), push('a'))).status).toBe(503);
  expect([batches, await deployed(), await recorded()]).toEqual([[], [], 0]);
});

test('a doorbell that takes its time does not make a committed push a failure', async () => {
  const never = new Promise<void>(() => {});
  const { deliver } = webhookUnderTest(hooked.stored, { ring: () => never }, { commitMs: 3000, answerMs: 60_000 });
  expect((await deliver(site(0), push('a'))).body.data).toMatchObject({ outcome: 'accepted', replayed: false });
});

test('a body that never ends is not waited for longer than the whole request may take', async () => {
  const { send } = webhook({ commitMs: 10, answerMs: 20 });
  const endless = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) });
  const answer = await send(site(0).hook, endless, { 'content-type': 'application/json' });
  expect([answer.status, answer.body.error?.code]).toEqual([503, 'database_unavailable']);
});
