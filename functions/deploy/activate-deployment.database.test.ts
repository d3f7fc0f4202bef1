import { sql } from '@miaobu/shared/db/sql';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { playBuild } from '../../tests/database/callback-under-test.ts';
import { type CloudUnderTest, startCloudUnderTest } from '../../tests/database/cloud-under-test.ts';
import { type DeployUnderTest, deployUnderTest } from '../../tests/database/deploy-under-test.ts';
import { openTestStore, prepareSite, type Site, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { activateDeployment } from './activate-deployment.ts';

let stored: TestStore;
let cloud: CloudUnderTest;
let deploy: DeployUnderTest;
let site: Site;
let hostname: string;
let sites = 0;

beforeAll(async () => {
  stored = await openTestStore();
  cloud = await startCloudUnderTest();
  deploy = deployUnderTest(stored, cloud);
});
beforeEach(async () => {
  await stored.empty();
  sites += 1;
  hostname = `site-${sites}.sites.localhost`;
  site = await prepareSite(stored, { slug: `site-${sites}`, hostnames: [hostname] });
});
afterEach(() => cloud.faults.clear());
afterAll(async () => {
  await cloud.close();
  await stored.close();
});

const page = (text: string) => ({ 'index.html': text });
const environment = () => stored.environment(site.environment.id);
const outcomeOf = async (id: string) => {
  const { status, reason } = await stored.deployment(id);
  return reason === null ? status : `${status}, ${reason}`;
};
/** Switches, without publishing anything. */
const activate = () => deploy.workOn({ 'deployment.activate': deploy.handlers['deployment.activate'] });

test('a switch moves the pointer, counts, and is what the hostname then shows', async () => {
  const first = await deploy.build(site, page('one'));
  await deploy.work();
  expect(await environment()).toMatchObject({ currentDeploymentId: first, generation: 1, activatedSeq: 1 });
  const second = await deploy.build(site, page('two'));
  await deploy.work();
  expect(await environment()).toMatchObject({ currentDeploymentId: second, generation: 2, activatedSeq: 2 });
  expect(await deploy.routeOf(hostname)).toMatchObject({ gen: 2, deployment_id: showId('deployment', second) });
  expect([await outcomeOf(first), await outcomeOf(second)]).toEqual(['deployed', 'deployed']);
  expect(await stored.deployment(first)).toMatchObject({ retiredAt: expect.any(Date) });
  expect(await stored.deployment(second)).toMatchObject({ retiredAt: null, publishedAt: expect.any(Date) });
});

test('everything the edge will need is there before the pointer moves', async () => {
  const id = await deploy.build(site, page('one'));
  cloud.faults.inject({ service: 'esa', action: 'PutKv', times: 2, fault: { kind: 'error', status: 503 } });
  await activate();
  // Twice the table could not be written, and the pointer did not move before it was.
  const tries = (await stored.messages('deployment.activate'))[0]?.attempts;
  expect([tries, await outcomeOf(id)]).toEqual([3, 'deploying']);
  expect(await environment()).toMatchObject({ currentDeploymentId: id, generation: 1 });
  expect(await deploy.firstShardOf(id)).toContain('index.html');
  expect(await deploy.objectsOf(site, id)).toContain('manifest.json');
});

test('an older build that ends later never switches: it is deployed, and superseded', async () => {
  const older = await deploy.begin(site);
  await deploy.callback.runOf(older).redeem();
  const newer = await deploy.build(site, page('newer'));
  await deploy.work();
  const before = [await environment(), await deploy.routeOf(hostname)];
  await playBuild(deploy.callback, older, page('older'));
  await deploy.work();
  expect(await outcomeOf(older.deploymentId)).toBe('deployed, superseded');
  expect([await environment(), await deploy.routeOf(hostname)]).toEqual(before);
  expect(await deploy.shownAt(hostname, [older.deploymentId, newer])).toBe(newer);
  expect(await stored.deployment(older.deploymentId)).toMatchObject({
    activatedAt: null,
    finishedAt: expect.any(Date),
  });
});

test('while promotion is held a build is deployed and shown nowhere', async () => {
  const shown = await deploy.build(site, page('shown'));
  await deploy.work();
  await stored.db.query(sql`update environments set auto_promote = false where id = ${site.environment.id}`);
  const held = await deploy.build(site, page('held'));
  await deploy.work();
  expect(await outcomeOf(held)).toBe('deployed, held');
  expect(await environment()).toMatchObject({ currentDeploymentId: shown, generation: 1, activatedSeq: 1 });
  expect(await deploy.shownAt(hostname, [shown, held])).toBe(shown);
});

test('of an environment that was switched off meanwhile a build is deployed and shown nowhere, also when it is on again', async () => {
  const before = await deploy.build(site, page('before'));
  await stored.store.environments.disable(site.environment.id);
  await deploy.work();
  expect(await outcomeOf(before)).toBe('deployed, switched_off');
  const late = await deploy.begin(site).catch((error: unknown) => error);
  expect(late).toMatchObject({ code: 'environment_off' });
  await stored.store.environments.enable(site.environment.id, 'main');
  await deploy.work();
  expect(await environment()).toMatchObject({ currentDeploymentId: null, activatedSeq: 1 });
  expect(await deploy.shownAt(hostname, [before])).toBeUndefined();
});

test('a deployment that is replaced before it was published settles as superseded', async () => {
  const first = await deploy.build(site, page('one'));
  await activate();
  expect(await outcomeOf(first)).toBe('deploying');
  const second = await deploy.build(site, page('two'));
  await activate();
  expect([await outcomeOf(first), await outcomeOf(second)]).toEqual(['deployed, superseded', 'deploying']);
  await deploy.work();
  expect([await outcomeOf(first), await outcomeOf(second)]).toEqual(['deployed, superseded', 'deployed']);
  expect(await deploy.shownAt(hostname, [first, second])).toBe(second);
  expect((await stored.deployment(first)).publishedAt).toBeNull();
});

test('of two builds that end at once the newer is shown, whichever worker has which', async () => {
  const older = await deploy.begin(site);
  await deploy.callback.runOf(older).redeem();
  const newer = await deploy.begin(site);
  await Promise.all([
    playBuild(deploy.callback, newer, page('newer')),
    playBuild(deploy.callback, older, page('older')),
  ]);
  await Promise.all([deploy.work(), deploy.work()]);
  await deploy.work();
  expect(await environment()).toMatchObject({ currentDeploymentId: newer.deploymentId, activatedSeq: 2 });
  expect(await deploy.shownAt(hostname, [older.deploymentId, newer.deploymentId])).toBe(newer.deploymentId);
  for (const { deploymentId } of [older, newer])
    expect((await stored.deployment(deploymentId)).status).toBe('deployed');
});

describe('repetition', () => {
  test('of the message for a deployment that was switched to changes nothing', async () => {
    const id = await deploy.build(site, page('one'));
    await activate();
    const before = await environment();
    await stored.db.query(sql`update outbox set state = 'pending' where topic = 'deployment.activate'`);
    await activate();
    expect(await environment()).toEqual(before);
    await deploy.work();
    expect(await outcomeOf(id)).toBe('deployed');
  });

  test('after a crash between the effects and the commit does the same again', async () => {
    const id = await deploy.build(site, page('one'));
    const handler = activateDeployment({ ...cloud, store: stored.store });
    let crashed = false;
    await deploy.workOn({
      'deployment.activate': {
        ...handler,
        async work(payload, lease, context) {
          const conclusion = await handler.work(payload, lease, context);
          if (crashed) return conclusion;
          crashed = true;
          return async (repositories) => {
            await conclusion?.(repositories);
            throw new Error('the power went out');
          };
        },
      },
    });
    expect(crashed).toBe(true);
    expect(await environment()).toMatchObject({ currentDeploymentId: id, generation: 1 });
    await deploy.work();
    expect(await outcomeOf(id)).toBe('deployed');
  });
});

test('when publishing never becomes possible the deployment fails, and what was shown is shown', async () => {
  const shown = await deploy.build(site, page('one'));
  await deploy.work();
  const id = await deploy.build(site, page('two'));
  const handler = deploy.handlers['deployment.activate'];
  await deploy.workOn({
    'deployment.activate': { ...handler, work: () => Promise.reject(new AppError('vendor_rejected')) },
  });
  expect(await outcomeOf(id)).toBe('failed, vendor_rejected');
  expect(await environment()).toMatchObject({ currentDeploymentId: shown, generation: 1 });
});

test.each([
  ['next_seq', sql`update environments set next_seq = next_seq - 1`],
  ['generation', sql`update environments set generation = generation - 1`],
  ['activated_seq', sql`update environments set activated_seq = activated_seq - 1`],
])('no statement lowers %s of an environment', async (_, lower) => {
  await deploy.build(site, page('one'));
  await deploy.work();
  await expect(stored.db.query(lower)).rejects.toThrow(/never decrease/);
});
