import { kvKey, ROUTE_NAMESPACE, shardKey, TABLE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { blobKey, deploymentPrefix } from '@miaobu/shared/contracts/manifest';
import { sql } from '@miaobu/shared/db/sql';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Alert } from '@miaobu/shared/ports/alert-channel';
import { createLog } from '@miaobu/shared/runtime/logger';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sha256Of } from '../../tests/database/callback-under-test.ts';
import { type CloudUnderTest, startCloudUnderTest } from '../../tests/database/cloud-under-test.ts';
import { type DeployUnderTest, deployUnderTest } from '../../tests/database/deploy-under-test.ts';
import { openTestStore, prepareSite, type Site, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { sendAlert } from '../deploy/send-alert.ts';
import { sweepInventory } from './sweep-inventory.ts';

const HOUR = 3600;

let stored: TestStore;
let cloud: CloudUnderTest;
let deploy: DeployUnderTest;
let site: Site;
let hostname: string;

beforeAll(async () => {
  stored = await openTestStore();
});
// The bucket's contents are counted, so every test has its own cloud.
beforeEach(async () => {
  await stored.empty();
  cloud = await startCloudUnderTest();
  deploy = deployUnderTest(stored, cloud);
  hostname = 'blog.sites.localhost';
  site = await prepareSite(stored, { slug: 'blog', hostnames: [hostname] });
  return () => cloud.close();
});
afterAll(() => stored.close());

const logged: string[] = [];
function sweep(
  objectStore = cloud.objectStore,
  { seconds = 60, now = (): number => 0, signal = new AbortController().signal } = {},
): Promise<number> {
  const deps = { store: stored.store, ...cloud, objectStore, sitesDomain: 'sites.localhost', monotonicMs: now };
  const log = createLog({}, (line) => logged.push(line));
  return sweepInventory(deps)({ requestId: 'timer', log, signal }, seconds);
}
async function live(text: string): Promise<string> {
  const id = await deploy.build(site, { 'index.html': text });
  await deploy.work();
  return id;
}
const put = (key: string) => cloud.objectStore.put(key, Buffer.from('x'));
const objects = async () => (await cloud.objectStore.list('')).objects.map(({ key }) => key);
const tables = async () => (await cloud.edgeStore.list(TABLE_NAMESPACE, '')).keys.map(({ key }) => key);
const audit = () =>
  stored.db.query<{ action: string; subject: string; details: Record<string, unknown> }>(
    sql`select action, subject, details from audit_log order by id`,
  );
/** A deployment unknown to the database, with files and a table. */
async function stray(n = 0, slug = 'blog'): Promise<string> {
  const shown = showId(
    'deployment',
    `0190000${n.toString(16).padStart(1, '0')}-0000-7000-8000-000000000${n.toString().padStart(3, '0')}`,
  );
  await put(`${deploymentPrefix(slug, shown)}/manifest-1.json`);
  await cloud.edgeStore.put(TABLE_NAMESPACE, shardKey(shown, 0), '{}');
  return shown;
}

test('what is live, kept or being built stays, however old', async () => {
  await live('one');
  await live('two');
  const building = await deploy.begin(site);
  await put(`${deploymentPrefix('blog', building.shownId)}/manifest-1.json`);
  const [before, tablesBefore, value] = [await objects(), await tables(), await deploy.routeOf(hostname)];
  await stored.moveClock(30 * 24 * HOUR);
  expect(await sweep()).toBe(0);
  expect([await objects(), await tables(), await deploy.routeOf(hostname)]).toEqual([before, tablesBefore, value]);
  expect(await audit()).toEqual([]);
});

test('what failed, cancelled or unknown deployments left is deleted after two hours', async () => {
  const kept = await live('one');
  const cancelled = await deploy.begin(site);
  await stored.db.query(sql`
    update deployments set status = 'cancelled', finished_at = db_now() where id = ${cancelled.deploymentId}`);
  await put(`${deploymentPrefix('blog', cancelled.shownId)}/manifest-1.json`);
  const unknown = await stray();
  await stored.moveClock(2 * HOUR - 60);
  expect(await sweep()).toBe(0);
  await stored.moveClock(120);
  expect(await sweep()).toBe(3);
  const keptPrefix = deploymentPrefix('blog', showId('deployment', kept));
  expect((await objects()).sort()).toEqual(
    [blobKey('blog', sha256Of('one')), `${keptPrefix}/manifest-1.json`, `${keptPrefix}/manifest.json`].sort(),
  );
  expect(await tables()).toEqual([shardKey(showId('deployment', kept), 0)]);
  expect(await audit()).toMatchObject([
    {
      action: 'inventory.swept',
      subject: 'inventory',
      details: { found: 3, examples: expect.arrayContaining([`table of ${unknown}`]) },
    },
  ]);
});

test('a project that nobody knows goes with its contents, but for what was written lately', async () => {
  await live('one');
  await stray(1, 'gone');
  await put(blobKey('gone', sha256Of('old')));
  const young = blobKey('gone', sha256Of('young'));
  await put(young);
  await stored.moveClock(3 * HOUR);
  const later = new Date(Date.now() + 2 * HOUR * 1000);
  const withYoung: CloudUnderTest['objectStore']['list'] = async (...asked) => {
    const page = await cloud.objectStore.list(...asked);
    const objects = page.objects.map((object) => (object.key === young ? { ...object, lastModified: later } : object));
    return { ...page, objects };
  };
  expect(await sweep({ ...cloud.objectStore, list: withYoung })).toBe(3);
  expect((await objects()).filter((key) => key.startsWith('projects/gone/'))).toEqual([young]);
});

test('contents of a slug that was taken meanwhile belong to the new project', async () => {
  await live('one');
  const blob = blobKey('gone', sha256Of('old'));
  await put(blob);
  await stored.moveClock(3 * HOUR);
  let taken = false;
  await sweep({
    ...cloud.objectStore,
    // Between the decision and the deletion.
    list: async (...asked) => {
      const page = await cloud.objectStore.list(...asked);
      if (asked[0] === 'projects/gone/blobs/' && !taken) {
        taken = true;
        await prepareSite(stored, { slug: 'gone', hostnames: ['gone.sites.localhost'] });
      }
      return page;
    },
  });
  expect(await objects()).toContain(blob);
});

test('what does not look like ours is left alone', async () => {
  await live('one');
  const foreign = ['projects/blog/notes/readme.txt', 'projects/readme.txt', 'exports/dump.sql', 'projects/blog/loose'];
  for (const key of foreign) await put(key);
  await cloud.edgeStore.put(TABLE_NAMESPACE, 'somebody-elses', 'x');
  await cloud.edgeStore.put(
    ROUTE_NAMESPACE,
    'blog.elsewhere.example',
    (await cloud.edgeStore.get(ROUTE_NAMESPACE, hostname)) ?? '',
  );
  await cloud.edgeStore.put(ROUTE_NAMESPACE, 'note.sites.localhost', 'not a route');
  await stored.moveClock(3 * HOUR);
  expect(await sweep()).toBe(0);
  expect(await objects()).toEqual(expect.arrayContaining(foreign));
});

test('a hostname of a deleted project is removed from the edge', async () => {
  await live('one');
  const left = 'left.sites.localhost';
  await cloud.edgeStore.put(ROUTE_NAMESPACE, kvKey(left), (await cloud.edgeStore.get(ROUTE_NAMESPACE, hostname)) ?? '');
  await stored.moveClock(3 * HOUR);
  expect(await sweep()).toBe(1);
  await deploy.work();
  expect(await cloud.edgeStore.get(ROUTE_NAMESPACE, kvKey(left))).toBeUndefined();
  expect(await deploy.routeOf(hostname)).toBeDefined();
  expect(await audit()).toMatchObject([{ action: 'inventory.swept', details: { examples: [left] } }]);
});

describe('the cap', () => {
  test('above 20 items and a fifth of everything nothing is deleted, and the operator is alerted once', async () => {
    await live('one');
    for (let n = 0; n < 11; n++) await stray(n);
    await stored.moveClock(3 * HOUR);
    const before = [await objects(), await tables()];
    expect([await sweep(), await sweep()]).toEqual([0, 0]);
    expect([await objects(), await tables()]).toEqual(before);
    expect(await audit()).toMatchObject([{ action: 'inventory.refused', details: { found: 22, of: 26 } }]);

    const alerts: Alert[] = [];
    const alertChannel = { send: async (alert: Alert) => void alerts.push(alert) };
    await deploy.workOn({ 'alert.send': sendAlert({ store: stored.store, alertChannel }) });
    expect(alerts).toMatchObject([
      { kind: 'alarm', action: 'inventory.refused', subject: 'inventory', details: { found: 22 } },
    ]);
  });

  test('an empty database deletes nothing', async () => {
    for (let n = 0; n < 8; n++) {
      site = await prepareSite(stored, { slug: `site-${n}`, hostnames: [`site-${n}.sites.localhost`] });
      await live(`page ${n}`);
    }
    const before = [await objects(), await tables()];
    await stored.empty();
    await stored.moveClock(24 * HOUR);
    expect(await sweep()).toBe(0);
    expect([await objects(), await tables()]).toEqual(before);
    expect(await audit()).toMatchObject([{ action: 'inventory.refused' }]);
  });
});

describe('a bucket whose folders cannot all be listed in one round', () => {
  /** A round of which the listing of every project takes a minute. `cutShort`: its time is over after the first. */
  async function round(seconds: number, { cutShort = false } = {}) {
    let now = 0;
    const over = new AbortController();
    const listed: string[] = [];
    const listFolders: CloudUnderTest['objectStore']['listFolders'] = async (prefix, page) => {
      if (prefix !== 'projects/') {
        listed.push(prefix);
        now += 60_000;
        if (cutShort) over.abort();
      }
      return cloud.objectStore.listFolders(prefix, page);
    };
    const removed = await sweep(
      { ...cloud.objectStore, listFolders },
      { seconds, now: () => now, signal: over.signal },
    );
    return { removed, listed };
  }
  const SLUGS = Array.from({ length: 20 }, (_, n) => `site-${String(n).padStart(2, '0')}`);
  const fill = async () => {
    await live('one');
    for (const slug of SLUGS) await put(`projects/${slug}/notes/readme.txt`);
  };

  test('is compared in several, each continuing where the last one ended, and then again from the beginning', async () => {
    await fill();
    const orphan = await stray(1, SLUGS.at(-1));
    await stored.moveClock(3 * HOUR);
    const listed: string[][] = [];
    while (listed.flat().length < SLUGS.length + 1) {
      const { listed: now } = await round(10 * 60);
      expect(now).not.toEqual([]);
      listed.push(now);
    }
    expect(listed.length).toBeGreaterThan(1);
    expect(listed.flat().sort()).toEqual(['blog', ...SLUGS].map((slug) => `projects/${slug}/`).sort());
    expect((await objects()).filter((key) => key.includes(orphan))).toEqual([]);
    expect((await round(10 * 60)).listed).toEqual(listed[0]);
  });

  test('is compared by one project a round, if there is no time for more', async () => {
    await fill();
    expect((await round(0)).listed).toEqual(['projects/blog/']);
    expect((await round(0)).listed).toEqual(['projects/site-00/']);
  });

  test('misses nothing in the projects that a round did not reach', async () => {
    await put('projects/a-first/notes/readme.txt');
    await live('one');
    await put('projects/blog/notes/readme.txt');
    await cloud.objectStore.delete((await objects()).filter((key) => key.startsWith('projects/blog/dep_')));
    await stored.moveClock(60);
    expect((await round(0)).listed).toEqual(['projects/a-first/']);
    expect(await audit()).toEqual([]);
    expect((await round(0)).listed).toEqual(['projects/blog/']);
    expect(await audit()).toMatchObject([{ action: 'deployment.incomplete', details: { files: 'missing' } }]);
  });

  test('a round that ends before its orphans are deleted is repeated', async () => {
    await fill();
    const orphan = await stray(1, 'a-first');
    await stored.moveClock(3 * HOUR);
    await expect(round(0, { cutShort: true })).rejects.toThrow();
    expect((await round(0)).listed).toEqual(['projects/a-first/']);
    expect((await objects()).filter((key) => key.includes(orphan))).toEqual([]);
    expect((await round(0)).listed).toEqual(['projects/blog/']);
  });
});

describe('what should be there', () => {
  test('and is not raises one alarm for each deployment', async () => {
    const whole = await live('one');
    const broken = await live('two');
    await cloud.edgeStore.delete(TABLE_NAMESPACE, shardKey(showId('deployment', broken), 0));
    await stored.moveClock(60);
    await sweep();
    await sweep();
    expect(await audit()).toEqual([
      {
        action: 'deployment.incomplete',
        subject: showId('deployment', broken),
        details: { files: 'present', missing_shards: 1 },
      },
    ]);
    const prefix = deploymentPrefix('blog', showId('deployment', whole));
    await cloud.objectStore.delete([`${prefix}/manifest.json`, `${prefix}/manifest-1.json`]);
    await stored.moveClock(24 * HOUR);
    await sweep();
    expect((await audit()).slice(1).map(({ subject, details }) => [subject, details.files])).toEqual([
      [showId('deployment', whole), 'missing'],
      [showId('deployment', broken), 'present'],
    ]);
  });
});
