import { showId } from '@miaobu/shared/kernel/ids';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type CloudUnderTest, startCloudUnderTest } from '../../tests/database/cloud-under-test.ts';
import { type DeployUnderTest, deployUnderTest } from '../../tests/database/deploy-under-test.ts';
import { openTestStore, prepareSite, type Site, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { probeRoute } from './probe-route.ts';

let stored: TestStore;
let cloud: CloudUnderTest;
let deploy: DeployUnderTest;
let site: Site;
let sites = 0;
/** Hostname → what a visitor is shown there, an id as it is shown. */
const seen = new Map<string, string>();
const probes: string[] = [];

beforeAll(async () => {
  stored = await openTestStore();
  cloud = await startCloudUnderTest();
  deploy = deployUnderTest(stored, cloud);
});
beforeEach(async () => {
  await stored.empty();
  seen.clear();
  probes.length = 0;
  sites += 1;
  const hostnames = [`site-${sites}.sites.localhost`, `site-${sites}-too.sites.localhost`];
  site = await prepareSite(stored, { slug: `site-${sites}`, hostnames });
});
afterAll(async () => {
  await cloud.close();
  await stored.close();
});

const handlers = () => ({
  ...deploy.handlers,
  'route.probe': probeRoute({
    store: stored.store,
    siteProbe: {
      async deploymentAt(hostname) {
        probes.push(hostname);
        return seen.get(hostname);
      },
    },
  }),
});
const work = () => deploy.workOn(handlers());
const everywhere = (id: string) => {
  for (const hostname of site.hostnames) seen.set(hostname, showId('deployment', id));
};
async function published(text: string): Promise<string> {
  const id = await deploy.build(site, { 'index.html': text });
  await work();
  return id;
}
const liveEverywhereAt = async (id: string) => (await stored.deployment(id)).liveEverywhereAt;

test('published and live everywhere are two facts: the second needs the edge to have had its 300 seconds', async () => {
  const id = await published('one');
  everywhere(id);
  const { publishedAt, status } = await stored.deployment(id);
  expect([status, await liveEverywhereAt(id), probes]).toEqual(['deployed', null, []]);
  await stored.moveClock(290);
  await work();
  expect([await liveEverywhereAt(id), probes]).toEqual([null, []]);
  await stored.moveClock(10);
  await work();
  expect(((await liveEverywhereAt(id))?.getTime() ?? 0) - (publishedAt?.getTime() ?? 0)).toBeGreaterThanOrEqual(
    300_000,
  );
  expect(probes.sort()).toEqual([...site.hostnames].sort());
});

test('it is asked again every 30 seconds until every hostname shows it', async () => {
  const id = await published('one');
  const [first = '', second = ''] = site.hostnames;
  seen.set(first, showId('deployment', id));
  seen.set(second, showId('deployment', site.project.id));
  await stored.moveClock(300);
  await work();
  expect([await liveEverywhereAt(id), probes.length]).toEqual([null, 2]);
  await stored.moveClock(20);
  await work();
  expect(probes.length).toBe(2);
  everywhere(id);
  await stored.moveClock(10);
  await work();
  expect([await liveEverywhereAt(id), probes.length]).toEqual([expect.any(Date), 4]);
});

test('the first probe of a site that was published long ago sets it', async () => {
  const id = await published('one');
  everywhere(id);
  await stored.moveClock(24 * 3600);
  await work();
  expect(await liveEverywhereAt(id)).toEqual(expect.any(Date));
});

test('after an hour nobody asks any more, and nobody is called for it', async () => {
  const id = await published('one');
  await stored.moveClock(3600);
  await work();
  await stored.moveClock(3600);
  await work();
  expect([await liveEverywhereAt(id), probes.length]).toEqual([null, 2]);
  expect(await stored.messages('route.probe')).toMatchObject([{ state: 'done' }]);
});

test('what is no longer current is not asked for, and a deployment that comes back has to be seen again', async () => {
  const first = await published('one');
  everywhere(first);
  await stored.moveClock(300);
  await work();
  const second = await published('two');
  const third = await published('three');
  everywhere(third);
  await stored.moveClock(300);
  await work();
  expect([await liveEverywhereAt(second), await liveEverywhereAt(third)]).toEqual([null, expect.any(Date)]);

  await stored.store.transaction(async (repositories) => {
    await repositories.environments.lock(site.environment.id);
    await repositories.deployments.markActivated(first);
  });
  expect(await stored.deployment(first)).toMatchObject({ publishedAt: null, liveEverywhereAt: null });
});
