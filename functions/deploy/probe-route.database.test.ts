import { showId } from '@miaobu/shared/kernel/ids';
import { beforeEach, expect, test } from 'vitest';
import { eachTestHasASite } from '../../tests/database/each-test-has-a-site.ts';
import { probeRoute } from './probe-route.ts';

const own = eachTestHasASite({ hostnames: 2 });

/** Hostname → what visitors see there, as a public id. */
const seen = new Map<string, string>();
const probes: string[] = [];

beforeEach(() => {
  seen.clear();
  probes.length = 0;
});

const handlers = () => ({
  ...own.deploy.handlers,
  'route.probe': probeRoute({
    store: own.stored.store,
    siteProbe: {
      async deploymentAt(hostname) {
        probes.push(hostname);
        return seen.get(hostname);
      },
    },
  }),
});
const work = () => own.deploy.workOn(handlers());
const everywhere = (id: string) => {
  for (const hostname of own.site.hostnames) seen.set(hostname, showId('deployment', id));
};
async function published(text: string): Promise<string> {
  const id = await own.deploy.build(own.site, { 'index.html': text });
  await work();
  return id;
}
const liveEverywhereAt = async (id: string) => (await own.stored.deployment(id)).liveEverywhereAt;

test('published and live everywhere are two facts: the second requires 300 seconds of propagation', async () => {
  const id = await published('one');
  everywhere(id);
  const { publishedAt, status } = await own.stored.deployment(id);
  expect([status, await liveEverywhereAt(id), probes]).toEqual(['deployed', null, []]);
  await own.stored.moveClock(270);
  await work();
  expect([await liveEverywhereAt(id), probes]).toEqual([null, []]);
  await own.stored.moveClock(30);
  await work();
  expect(((await liveEverywhereAt(id))?.getTime() ?? 0) - (publishedAt?.getTime() ?? 0)).toBeGreaterThanOrEqual(
    300_000,
  );
  expect(probes.sort()).toEqual([...own.site.hostnames].sort());
});

test('the hostnames are probed every 30 seconds until all show it', async () => {
  const id = await published('one');
  const [first = '', second = ''] = own.site.hostnames;
  seen.set(first, showId('deployment', id));
  seen.set(second, showId('deployment', own.site.project.id));
  await own.stored.moveClock(300);
  await work();
  expect([await liveEverywhereAt(id), probes.length]).toEqual([null, 2]);
  await own.stored.moveClock(20);
  await work();
  expect(probes.length).toBe(2);
  everywhere(id);
  await own.stored.moveClock(10);
  await work();
  expect([await liveEverywhereAt(id), probes.length]).toEqual([expect.any(Date), 4]);
});

test('the first probe of a site published long ago sets it', async () => {
  const id = await published('one');
  everywhere(id);
  await own.stored.moveClock(24 * 3600);
  await work();
  expect(await liveEverywhereAt(id)).toEqual(expect.any(Date));
});

test('after an hour probing stops, without an alert', async () => {
  const id = await published('one');
  await own.stored.moveClock(3600);
  await work();
  await own.stored.moveClock(3600);
  await work();
  expect([await liveEverywhereAt(id), probes.length]).toEqual([null, 2]);
  expect(await own.stored.messages('route.probe')).toMatchObject([{ state: 'done' }]);
});

test('what is no longer current is not probed, and a deployment that returns has to be seen again', async () => {
  const first = await published('one');
  everywhere(first);
  await own.stored.moveClock(300);
  await work();
  const second = await published('two');
  const third = await published('three');
  everywhere(third);
  await own.stored.moveClock(300);
  await work();
  expect([await liveEverywhereAt(second), await liveEverywhereAt(third)]).toEqual([null, expect.any(Date)]);

  await own.stored.store.transaction(async (repositories) => {
    await repositories.environments.lock(own.site.environment.id);
    await repositories.deployments.markActivated(first);
  });
  expect(await own.stored.deployment(first)).toMatchObject({ publishedAt: null, liveEverywhereAt: null });
});
