import { sql } from '@miaobu/shared/db/sql';
import { showId } from '@miaobu/shared/kernel/ids';
import { redeliverMessage } from '@miaobu/shared/model/project/redeliver-message';
import type { FailedDelivery } from '@miaobu/shared/ports/code-host';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { workerUnderTest } from '../../tests/database/deploy-under-test.ts';
import { type PushesUnderTest, startPushesUnderTest } from '../../tests/database/pushes-under-test.ts';
import { redeliverFailed } from './redeliver-failed.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

let pushes: PushesUnderTest;

beforeAll(async () => {
  pushes = await startPushesUnderTest();
});
beforeEach(() => pushes.empty());
afterAll(() => pushes.close());

test('a delivery that is refused repeatedly is requested less and less often, as long as GitHub keeps it', async () => {
  const { stored } = pushes;
  const site = await pushes.connect();
  const firstAt = new Date('2026-01-01T00:00:00Z');
  let age = 0;
  let attempts = 1;
  const askedAt: number[] = [];
  const refused = (): FailedDelivery => ({ id: attempts, guid: 'refused', attempts, firstAt });
  const handler = redeliverFailed({
    ...stored,
    now: () => new Date(firstAt.getTime() + age * 1000),
    // Three days at GitHub, in which it is always refused.
    codeHost: {
      ...pushes.github.codeHost,
      listFailedDeliveries: async (_token, _repository, _hook, since) => (firstAt >= since ? [refused()] : []),
      redeliver: async () => {
        attempts += 1;
        askedAt.push(age);
        return true;
      },
    },
  });
  for (; age <= 80 * HOUR; age += age < HOUR ? 5 * MINUTE : HOUR) {
    await stored.store.enqueue(redeliverMessage(site.project.id, 'timer'));
    await workerUnderTest(stored)({ 'hook.redeliver': handler });
  }
  expect(askedAt).toEqual([5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 9 * HOUR, 24 * HOUR, 48 * HOUR]);
});

describe('a hook that somebody removed', () => {
  const hooks = async () =>
    (await (await pushes.github.github.api('/repos/you/site/hooks')).json()) as { id: number }[];
  const noted = () =>
    pushes.stored.db.query(sql`select action, subject, details from audit_log where action = 'hook.lost'`);
  async function connectAndRemove() {
    const site = await pushes.connect();
    const [hook] = await hooks();
    await pushes.github.github.api(`/repos/you/site/hooks/${hook?.id}`, { method: 'DELETE' });
    return { site, hook };
  }

  test('is created again in the next round, recorded in the audit log, and missed pushes are deployed', async () => {
    const { site, hook } = await connectAndRemove();
    const sha = await pushes.push('nobody is told', { 'index.html': 'nobody is told' });
    await pushes.wakeUpAfter(5 * MINUTE);
    const [again, ...others] = await hooks();
    expect([again, others]).toEqual([expect.not.objectContaining({ id: hook?.id }), []]);
    expect((await pushes.stored.store.projects.find(site.project.id))?.githubHookId).toBe(again?.id);
    const subject = showId('project', site.project.id);
    expect(await noted()).toEqual([
      { action: 'hook.lost', subject, details: { repository: 'you/site', hook_id: hook?.id } },
    ]);
    expect((await pushes.deployments()).at(-1)?.commitSha).toBe(sha);
    await pushes.wakeUpAfter(5 * MINUTE);
    expect([await hooks(), await noted()]).toMatchObject([[again], [{}]]);
  });

  test('is not created again in an inaccessible repository, or in another of the same name', async () => {
    const { site } = await connectAndRemove();
    await pushes.stored.db.query(sql`update projects set github_repository_id = 1 where id = ${site.project.id}`);
    await pushes.wakeUpAfter(5 * MINUTE);
    await pushes.stored.db.query(sql`update projects set repository = 'you/gone' where id = ${site.project.id}`);
    await pushes.wakeUpAfter(5 * MINUTE);
    expect([await hooks(), await noted()]).toEqual([[], []]);
  });
});
