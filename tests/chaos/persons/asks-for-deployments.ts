import { readId } from '@miaobu/shared/kernel/ids';
import { cancelDeployment } from '@miaobu/shared/model/deployment/cancel-deployment';
import { triggerDeployHook } from '../../../functions/api/deploy-hooks/trigger-deploy-hook.ts';
import { createDeployment } from '../../../functions/api/deployments/create-deployment.ts';
import { createPrebuiltDeployment } from '../../../functions/api/deployments/create-prebuilt-deployment.ts';
import { redeployDeployment } from '../../../functions/api/deployments/redeploy-deployment.ts';
import { playUpload } from '../play-run.ts';
import type { World } from '../world.ts';
import { oneDeployment, somebody, someEnvironment } from './person.ts';

/** An answer is a promise: what was asked for is recorded. */
const promised = (world: World, deployment: string) => world.promised.push(deployment);

/** Deploys the head of an environment's branch, or of another branch there, or a commit. */
export function somebodyDeploys(world: World): void {
  const { random, github } = world;
  const { project, environment } = someEnvironment(world);
  const branch = random.pick([...github.branches.keys()]);
  const commit = random.pick([...github.commits.keys()]);
  const what = random.pick([{}, {}, { branch }, { commit_sha: commit }, { commit_sha: commit }]) ?? {};
  somebody(world, async ({ parts, as }) => {
    const request = { params: { project }, query: {}, body: { environment, ...what } };
    const { data } = await createDeployment(parts)(request, ...as);
    promised(world, data.id);
  });
}

/** Builds the commit of any deployment again. */
export function somebodyRedeploys(world: World): void {
  const of = someEnvironment(world);
  const among = world.random.next();
  somebody(world, async (person) => {
    const { parts, as } = person;
    const chosen = await oneDeployment(person, of, among);
    if (!chosen) return;
    const params = { project: of.project, deployment: chosen.id };
    const { data } = await redeployDeployment(parts)({ params, query: {}, body: {} }, ...as);
    promised(world, data.id);
  });
}

/** A program calls the deploy hook of the first project's production. */
export function somethingCallsHook(world: World): void {
  const { id, secret } = world.hook;
  somebody(world, async ({ parts, as: [, context] }) => {
    const headers = { authorization: `Bearer ${secret}` };
    const request = { params: { deploy_hook: id }, query: {}, headers, body: undefined };
    const { data } = await triggerDeployHook(parts)(request, undefined, context);
    promised(world, data.deployment_id);
  });
}

/** Uploads a folder from a machine of their own, which may die like any other. */
export function somebodyUploads(world: World): void {
  const { project, environment } = someEnvironment(world);
  const isHostile = world.random.chance(0.12);
  somebody(world, async ({ actor, parts, as }) => {
    const request = { params: { project }, query: {}, body: { environment } };
    const { data } = await createPrebuiltDeployment(parts)(request, ...as);
    promised(world, data.deployment.id);
    await playUpload(world, actor, { ...data.upload, deployment: data.deployment.id }, isHostile);
  });
}

/** Cancels the deployment whose build was requested last. */
export function somebodyCancels(world: World): void {
  somebody(world, async ({ parts }) => {
    const latest = world.runner.runs.at(-1);
    const deploymentId = latest && readId('deployment', latest.deploymentId);
    if (deploymentId === undefined) return;
    world.cancelled.add(deploymentId);
    await parts.store.transaction((repositories) =>
      cancelDeployment(repositories, 'api', {
        deploymentId,
        reason: 'user',
        message: 'You cancelled it.',
        requestId: 'cancel',
      }),
    );
  });
}
