import { sql } from '@miaobu/shared/db/sql';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import { describe, expect, test } from 'vitest';
import { playBuild } from '../../tests/database/callback-under-test.ts';
import { eachTestHasASite } from '../../tests/database/each-test-has-a-site.ts';
import { activateDeployment } from './activate-deployment.ts';

const own = eachTestHasASite();

const page = (text: string) => ({ 'index.html': text });
const environment = () => own.stored.environment(own.site.environment.id);
const outcomeOf = async (id: string) => {
  const { status, reason } = await own.stored.deployment(id);
  return reason === null ? status : `${status}, ${reason}`;
};
/** Switches, without publishing anything. */
const activate = () => own.deploy.workOn({ 'deployment.activate': own.deploy.handlers['deployment.activate'] });

test('a switch changes the current deployment, raises the generation, and is then what the hostname shows', async () => {
  const first = await own.deploy.build(own.site, page('one'));
  await own.deploy.work();
  expect(await environment()).toMatchObject({ currentDeploymentId: first, generation: 1, activatedSeq: 1 });
  const second = await own.deploy.build(own.site, page('two'));
  await own.deploy.work();
  expect(await environment()).toMatchObject({ currentDeploymentId: second, generation: 2, activatedSeq: 2 });
  expect(await own.deploy.routeOf(own.hostname)).toMatchObject({ gen: 2, deployment_id: showId('deployment', second) });
  expect([await outcomeOf(first), await outcomeOf(second)]).toEqual(['deployed', 'deployed']);
  expect(await own.stored.deployment(first)).toMatchObject({ retiredAt: expect.any(Date) });
  expect(await own.stored.deployment(second)).toMatchObject({ retiredAt: null, publishedAt: expect.any(Date) });
});

test('everything the edge will need exists before the switch', async () => {
  const id = await own.deploy.build(own.site, page('one'));
  own.cloud.faults.inject({ service: 'esa', action: 'PutKv', times: 2, fault: { kind: 'error', status: 503 } });
  await activate();
  // The table could not be written twice, and the switch did not happen before it was.
  const tries = (await own.stored.messages('deployment.activate'))[0]?.attempts;
  expect([tries, await outcomeOf(id)]).toEqual([3, 'deploying']);
  expect(await environment()).toMatchObject({ currentDeploymentId: id, generation: 1 });
  expect(await own.deploy.firstShardOf(id)).toContain('index.html');
  expect(await own.deploy.objectsOf(own.site, id)).toContain('manifest.json');
});

test('an older build that finishes later never switches: it is deployed, and superseded', async () => {
  const older = await own.deploy.begin(own.site);
  await own.deploy.callback.runOf(older).redeem();
  const newer = await own.deploy.build(own.site, page('newer'));
  await own.deploy.work();
  const before = [await environment(), await own.deploy.routeOf(own.hostname)];
  await playBuild(own.deploy.callback, older, page('older'));
  await own.deploy.work();
  expect(await outcomeOf(older.deploymentId)).toBe('deployed, superseded');
  expect([await environment(), await own.deploy.routeOf(own.hostname)]).toEqual(before);
  expect(await own.deploy.shownAt(own.hostname, [older.deploymentId, newer])).toBe(newer);
  expect(await own.stored.deployment(older.deploymentId)).toMatchObject({
    activatedAt: null,
    finishedAt: expect.any(Date),
  });
});

test('while promotion is held a build is deployed and shown nowhere', async () => {
  const shown = await own.deploy.build(own.site, page('shown'));
  await own.deploy.work();
  await own.stored.db.query(sql`update environments set auto_promote = false where id = ${own.site.environment.id}`);
  const held = await own.deploy.build(own.site, page('held'));
  await own.deploy.work();
  expect(await outcomeOf(held)).toBe('deployed, held');
  expect(await environment()).toMatchObject({ currentDeploymentId: shown, generation: 1, activatedSeq: 1 });
  expect(await own.deploy.shownAt(own.hostname, [shown, held])).toBe(shown);
});

test('a build of an environment disabled meanwhile is deployed and shown nowhere, even when it is enabled again', async () => {
  const before = await own.deploy.build(own.site, page('before'));
  await own.stored.store.environments.disable(own.site.environment.id);
  await own.deploy.work();
  expect(await outcomeOf(before)).toBe('deployed, switched_off');
  const late = await own.deploy.begin(own.site).catch((error: unknown) => error);
  expect(late).toMatchObject({ code: 'environment_off' });
  await own.stored.store.environments.enable(own.site.environment.id, 'main');
  await own.deploy.work();
  expect(await environment()).toMatchObject({ currentDeploymentId: null, activatedSeq: 1 });
  expect(await own.deploy.shownAt(own.hostname, [before])).toBeUndefined();
});

test('a deployment that is replaced before it was published ends as superseded', async () => {
  const first = await own.deploy.build(own.site, page('one'));
  await activate();
  expect(await outcomeOf(first)).toBe('deploying');
  const second = await own.deploy.build(own.site, page('two'));
  await activate();
  expect([await outcomeOf(first), await outcomeOf(second)]).toEqual(['deployed, superseded', 'deploying']);
  await own.deploy.work();
  expect([await outcomeOf(first), await outcomeOf(second)]).toEqual(['deployed, superseded', 'deployed']);
  expect(await own.deploy.shownAt(own.hostname, [first, second])).toBe(second);
  expect((await own.stored.deployment(first)).publishedAt).toBeNull();
});

test('of two builds that finish at once the newer is shown, whichever worker has which', async () => {
  const older = await own.deploy.begin(own.site);
  await own.deploy.callback.runOf(older).redeem();
  const newer = await own.deploy.begin(own.site);
  await Promise.all([
    playBuild(own.deploy.callback, newer, page('newer')),
    playBuild(own.deploy.callback, older, page('older')),
  ]);
  await Promise.all([own.deploy.work(), own.deploy.work()]);
  await own.deploy.work();
  expect(await environment()).toMatchObject({ currentDeploymentId: newer.deploymentId, activatedSeq: 2 });
  expect(await own.deploy.shownAt(own.hostname, [older.deploymentId, newer.deploymentId])).toBe(newer.deploymentId);
  for (const { deploymentId } of [older, newer])
    expect((await own.stored.deployment(deploymentId)).status).toBe('deployed');
});

describe('repetition', () => {
  test('of the message for an already activated deployment changes nothing', async () => {
    const id = await own.deploy.build(own.site, page('one'));
    await activate();
    const before = await environment();
    await own.stored.db.query(sql`update outbox set state = 'pending' where topic = 'deployment.activate'`);
    await activate();
    expect(await environment()).toEqual(before);
    await own.deploy.work();
    expect(await outcomeOf(id)).toBe('deployed');
  });

  test('after a crash between the effects and the commit repeats the same effects', async () => {
    const id = await own.deploy.build(own.site, page('one'));
    const handler = activateDeployment({ ...own.cloud, store: own.stored.store, monotonicMs: () => 0 });
    let crashed = false;
    await own.deploy.workOn({
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
    await own.deploy.work();
    expect(await outcomeOf(id)).toBe('deployed');
  });
});

test('when publishing never becomes possible the deployment fails, and the shown one stays', async () => {
  const shown = await own.deploy.build(own.site, page('one'));
  await own.deploy.work();
  const id = await own.deploy.build(own.site, page('two'));
  const handler = own.deploy.handlers['deployment.activate'];
  await own.deploy.workOn({
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
  await own.deploy.build(own.site, page('one'));
  await own.deploy.work();
  await expect(own.stored.db.query(lower)).rejects.toThrow(/never decrease/);
});
