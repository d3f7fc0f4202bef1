import { blobKey } from '@miaobu/shared/contracts/manifest';
import { outbox } from '@miaobu/shared/db/outbox';
import { sql } from '@miaobu/shared/db/sql';
import { createLog } from '@miaobu/shared/runtime/logger';
import { beforeEach, describe, expect, test } from 'vitest';
import { playBuild, sha256Of } from '../../tests/database/callback-under-test.ts';
import type { CloudUnderTest } from '../../tests/database/cloud-under-test.ts';
import { eachTestHasASite } from '../../tests/database/each-test-has-a-site.ts';
import { prepareSite } from '../../tests/database/prepare-deployment.ts';
import { PATIENCE } from '../../tests/patience.ts';
import { markPurgeable } from './mark-purgeable.ts';
import { purgeDeployment } from './purge-deployment.ts';
import { runCleanup } from './run-cleanup.ts';
import { sweepBlobs } from './sweep-blobs.ts';

const own = eachTestHasASite();

const HOUR = 3600;
const DAY = 24 * HOUR;

const logged: string[] = [];

beforeEach(() => {
  logged.length = 0;
});

const context = () => ({
  requestId: 'timer',
  log: createLog({}, (line) => logged.push(line)),
  signal: new AbortController().signal,
  timeoutSeconds: 600,
});

const sweep = ({ objectStore }: Pick<CloudUnderTest, 'objectStore'> = own.cloud, store = own.stored.store) =>
  sweepBlobs({ store, objectStore, graceSeconds: DAY, monotonicMs: () => performance.now() });

/** A round composed like the handler's; sleeping takes no time. The edge has just been compared, unless it is not `isScrubbed`. */
async function cleanup(
  ports: Pick<CloudUnderTest, 'objectStore' | 'edgeStore'> = own.cloud,
  { isScrubbed = true } = {},
): Promise<Readonly<Record<string, number>>> {
  const { store } = own.stored;
  if (isScrubbed) await store.routes.markVerified(own.site.hostnames);
  let ms = 0;
  const run = runCleanup({
    outbox: outbox(own.stored.db),
    store,
    owner: 'cleanup',
    monotonicMs: () => ms,
    sleep: async (sleptMs) => {
      ms += sleptMs;
      await own.stored.moveClock(sleptMs / 1000);
    },
    markPurgeable: markPurgeable({ store, retention: { keep: 3, graceSeconds: DAY } }),
    timeLimit: () => context().signal,
    sweeps: { quick: {}, long: { swept: sweep(ports) } },
    handlers: { 'deployment.purge': purgeDeployment({ store, ...ports }) },
  });
  return run(context());
}

const page = (n: number) => ({ 'index.html': `page ${n}`, 'shared.css': 'shared' });
/** Consecutive releases, each seen by visitors for a while. */
async function releases(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 1; n <= count; n++) {
    ids.push(await own.deploy.build(own.site, page(n)));
    await own.deploy.work();
    await own.stored.moveClock(HOUR);
  }
  return ids;
}
const statusesOf = (ids: readonly string[]) =>
  Promise.all(ids.map(async (id) => (await own.stored.deployment(id)).status));
const hasContent = async (content: string, { project } = own.site) =>
  (await own.cloud.objectStore.head(blobKey(project.slug, sha256Of(content)))) !== undefined;

describe('retention', () => {
  test('keeps the newest three and purges the older: their files are deleted, their record stays', async () => {
    const ids = await releases(5);
    await own.stored.moveClock(2 * DAY);
    expect(await cleanup()).toMatchObject({ marked: 2, purged: 2 });
    expect(await statusesOf(ids)).toEqual(['purged', 'purged', 'deployed', 'deployed', 'deployed']);
    for (const id of ids.slice(0, 2)) {
      expect([await own.deploy.objectsOf(own.site, id), await own.deploy.firstShardOf(id)]).toEqual([[], undefined]);
      expect(await own.stored.deployment(id)).toMatchObject({ files: 2, commitSha: expect.any(String) });
    }
    for (const id of ids.slice(2)) {
      expect(await own.deploy.objectsOf(own.site, id)).toContain('manifest.json');
      expect(await own.deploy.firstShardOf(id)).toBeDefined();
    }
    expect(await own.deploy.shownAt(own.hostname, ids)).toBe(ids[4]);
  });

  test('keeps everything for a day after it was replaced: open pages refer to it', async () => {
    const ids = await releases(5);
    await own.stored.moveClock(DAY - 5 * HOUR);
    expect(await cleanup()).toMatchObject({ marked: 0, purged: 0 });
    expect(new Set(await statusesOf(ids))).toEqual(new Set(['deployed']));
  });

  test('keeps what is current, however old', async () => {
    const ids = await releases(5);
    await own.stored.db.query(sql`
      update environments set current_deployment_id = ${ids[0]}, generation = generation + 1, auto_promote = false`);
    await own.stored.db.query(sql`update routes set published_deployment_id = ${ids[4]}`);
    await own.stored.moveClock(2 * DAY);
    await cleanup();
    expect(await statusesOf(ids)).toEqual(['deployed', 'purged', 'deployed', 'deployed', 'deployed']);
    expect(await own.deploy.firstShardOf(ids[0] ?? '')).toBeDefined();
  });

  test('keeps what a hostname still shows, although the environment has switched', async () => {
    const ids = await releases(5);
    await own.stored.db.query(sql`update routes set published_deployment_id = ${ids[1]}`);
    await own.stored.moveClock(2 * DAY);
    await cleanup();
    expect(await statusesOf(ids)).toEqual(['purged', 'deployed', 'deployed', 'deployed', 'deployed']);
  });

  test('keeps what may have been visible within the last hour', async () => {
    const ids = await releases(5);
    await own.stored.moveClock(2 * DAY);
    await own.stored.db.query(sql`update route_exposures set exposed_at = db_now() where deployment_id = ${ids[0]}`);
    await cleanup();
    expect(await statusesOf(ids)).toEqual(['deployed', 'purged', 'deployed', 'deployed', 'deployed']);
    await own.stored.moveClock(HOUR + 1);
    await cleanup();
    expect((await statusesOf(ids))[0]).toBe('purged');
  });

  test('keeps what a late write may show, until its hostname was compared after the last moment at which one can land', async () => {
    const ids = await releases(5);
    const [oldest = ''] = ids;
    await own.stored.db.query(sql`update routes set verified_at = (
      select exposed_at + interval '15 minutes' from route_exposures where deployment_id = ${oldest})`);
    await own.stored.moveClock(2 * DAY);
    expect(await cleanup(own.cloud, { isScrubbed: false })).toMatchObject({ marked: 0, purged: 0 });
    expect(await cleanup()).toMatchObject({ marked: 2, purged: 2 });
  });

  test('counts deployments that were never shown too, and purges them by the same rules', async () => {
    const slow = await own.deploy.begin(own.site);
    await own.deploy.callback.runOf(slow).redeem();
    const overtaking = await own.deploy.build(own.site, page(9));
    await own.deploy.work();
    await playBuild(own.deploy.callback, slow, page(0));
    await own.deploy.work();
    expect(await own.stored.deployment(slow.deploymentId)).toMatchObject({ status: 'deployed', reason: 'superseded' });
    const ids = [slow.deploymentId, overtaking, ...(await releases(3))];
    await own.stored.moveClock(2 * DAY);
    await cleanup();
    expect(await statusesOf(ids)).toEqual(['purged', 'purged', 'deployed', 'deployed', 'deployed']);
  });
});

describe('a purge', () => {
  test('interrupted half way does no harm, and is completed later', async () => {
    const ids = await releases(4);
    await own.stored.moveClock(2 * DAY);
    let deletions = 0;
    // The test's own port: the crash has to come after one deletion and before the next.
    const crashing = {
      ...own.cloud,
      objectStore: {
        ...own.cloud.objectStore,
        async delete(keys: readonly string[]) {
          deletions += 1;
          if (deletions === 1) {
            await own.cloud.objectStore.delete(keys.slice(0, 1));
            throw new Error('the power went out');
          }
          await own.cloud.objectStore.delete(keys);
        },
      },
    };
    await cleanup(crashing);
    expect(deletions).toBeGreaterThan(1);
    expect(await statusesOf(ids)).toEqual(['purged', 'deployed', 'deployed', 'deployed']);
    expect(await own.deploy.objectsOf(own.site, ids[0] ?? '')).toEqual([]);
  });

  test('recovers after outages of OSS and Edge KV', async () => {
    const ids = await releases(4);
    await own.stored.moveClock(2 * DAY);
    own.cloud.faults.inject({ service: 'esa', action: 'DeleteKv', times: 1, fault: { kind: 'lost-response' } });
    own.cloud.faults.inject({ service: 'oss', method: 'POST', times: 1, fault: { kind: 'lost-response' } });
    await cleanup();
    expect((await statusesOf(ids))[0]).toBe('purged');
  });

  test('repeated does nothing', async () => {
    const ids = await releases(4);
    await own.stored.moveClock(2 * DAY);
    await cleanup();
    await own.stored.db.query(sql`update outbox set state = 'pending' where topic = 'deployment.purge'`);
    const before = own.cloud.calls.length;
    await cleanup();
    expect(own.cloud.calls.slice(before).filter((call) => /Delete|^POST/.test(call))).toEqual([]);
    expect((await statusesOf(ids))[0]).toBe('purged');
  });

  test('waits for a concurrent switch, and then leaves what became current alone', async () => {
    const ids = await releases(4);
    await own.stored.moveClock(2 * DAY);
    let marking: Promise<number> | undefined;
    const mark = markPurgeable({ store: own.stored.store, retention: { keep: 3, graceSeconds: DAY } });
    await own.stored.store.transaction(async (repositories) => {
      const environment = await repositories.environments.lock(own.site.environment.id);
      const target = await repositories.deployments.find(ids[0] ?? '');
      expect(target?.status).toBe('deployed');
      marking = mark(context());
      // Cleanup has reached the lock that this transaction holds.
      await expect
        .poll(
          () =>
            own.stored.db.query(
              sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
            ),
          PATIENCE,
        )
        .toHaveLength(1);
      await repositories.environments.switchTo(environment.id, { id: ids[0] ?? '', seq: 1 });
      await repositories.deployments.markActivated(ids[0] ?? '');
    });
    expect(await marking).toBe(0);
    expect((await statusesOf(ids))[0]).toBe('deployed');
  });
});

describe('contents', () => {
  test('that nothing uses are deleted a day after a build last wanted them; shared ones stay', async () => {
    await releases(5);
    await own.stored.moveClock(2 * DAY);
    expect(await cleanup()).toMatchObject({ swept: 2 });
    expect(
      await Promise.all(['page 1', 'page 2', 'page 3', 'page 5', 'shared'].map((content) => hasContent(content))),
    ).toEqual([false, false, true, true, true]);
    expect(await cleanup()).toEqual({ marked: 0, purged: 0, swept: 0 });
  });

  test('that a failed build uploaded are deleted too, but not within a day', async () => {
    const id = await own.deploy.build(own.site, { 'a.html': 'stranded', 'b.html': 'gone' }, { withheld: ['b.html'] });
    await own.deploy.work();
    expect((await own.stored.deployment(id)).status).toBe('failed');
    await own.stored.moveClock(DAY - 10);
    await cleanup();
    expect(await hasContent('stranded')).toBe(true);
    await own.stored.moveClock(20);
    await cleanup();
    expect(await hasContent('stranded')).toBe(false);
  });

  test('that a running build wants are never deleted, although nothing uses them yet', async () => {
    const [old] = await releases(1);
    await own.stored.moveClock(10 * DAY);
    const build = await own.deploy.begin(own.site);
    const run = own.deploy.callback.runOf(build);
    const { token } = (await run.redeem()).data;
    const publish = (await run.publication(token)).data.token;
    await run.uploads(publish, [{ sha256: sha256Of('page 1'), bytes: 6 }]);
    // As if the release that has it had just been purged.
    await own.stored.db.query(sql`
      update environments set current_deployment_id = null, generation = generation + 1`);
    await own.stored.db.query(sql`update routes set published_deployment_id = null`);
    await own.stored.db.query(sql`update deployments set status = 'purged' where id = ${old}`);
    await cleanup();
    expect([await hasContent('page 1'), await hasContent('shared')]).toEqual([true, false]);
  });

  test('that become wanted during the sweep are not deleted', async () => {
    await releases(1);
    await own.stored.db.query(sql`update environments set current_deployment_id = null, generation = generation + 1`);
    await own.stored.db.query(sql`update routes set published_deployment_id = null`);
    await own.stored.db.query(sql`update deployments set status = 'purged'`);
    await own.stored.moveClock(2 * DAY);
    const store = {
      ...own.stored.store,
      deploymentRetention: {
        ...own.stored.store.deploymentRetention,
        // A build that comes between the listing and the deletion.
        async listWithManifest(projectId: string) {
          await own.stored.store.blobs.wantMany(projectId, [{ sha256: sha256Of('shared'), bytes: 6 }]);
          return own.stored.store.deploymentRetention.listWithManifest(projectId);
        },
      },
    };
    expect(await sweep(own.cloud, store)(context())).toBe(1);
    expect([await hasContent('page 1'), await hasContent('shared')]).toEqual([false, true]);
  });

  test('of a release whose manifest is missing are all kept, without blocking other projects', async () => {
    const ids = await releases(1);
    await own.deploy.build(own.site, { 'a.html': 'stranded', 'b.html': 'gone' }, { withheld: ['b.html'] });
    await own.deploy.work();
    const prefix = (await own.cloud.objectStore.list(`projects/${own.site.project.slug}/dep_`)).objects.map(
      ({ key }) => key,
    );
    await own.cloud.objectStore.delete(prefix);
    const other = await prepareSite(own.stored, { slug: `${own.site.project.slug}-b` });
    await own.deploy.build(other, { 'a.html': 'stranded too', 'b.html': 'gone' }, { withheld: ['b.html'] });
    await own.deploy.work();
    await own.stored.moveClock(2 * DAY);
    await cleanup();
    expect(await hasContent('stranded too', other)).toBe(false);
    expect([await hasContent('stranded'), await hasContent('page 1')]).toEqual([true, true]);
    expect(logged.join()).toMatch(/project not swept.*manifest of dep_\w+ is missing/);
    expect(await statusesOf(ids)).toEqual(['deployed']);
  });

  test('are swept although a runner has written something else in place of its manifest', async () => {
    await own.deploy.build(own.site, { 'a.html': 'stranded', 'b.html': 'gone' }, { withheld: ['b.html'] });
    await own.deploy.work();
    await own.stored.moveClock(2 * DAY);
    const id = await own.deploy.build(own.site, { 'index.html': 'new' }, { manifest: '{"v":1,' });
    expect((await own.stored.deployment(id)).status).toBe('deploying');
    await cleanup();
    expect([await hasContent('stranded'), await hasContent('new')]).toEqual([false, true]);
    expect(logged.join()).not.toContain('not swept');
  });
});
