import { readId } from '@miaobu/shared/kernel/ids';
import { cancelDeployment } from '@miaobu/shared/model/deployment/cancel-deployment';
import { deleteProject } from '../../functions/api/projects/delete-project.ts';
import { signedIn } from '../database/signed-in.ts';
import { composePlatform } from './compose-platform.ts';
import type { World } from './world.ts';

// What people do with the API. Somebody who switches by hand (a rollback, a promotion) sets `chaos.person` to `switches` in the
// transaction that does it: the invariants let nobody else go back.

/** Cancels the deployment whose build was asked for last. */
export function somebodyCancels(world: World): void {
  world.scheduler.spawn(`person ${world.trace.step()}`, async (actor) => {
    const { store } = composePlatform(actor, world.parts);
    const latest = world.runner.runs.at(-1);
    const deploymentId = latest && readId('deployment', latest.deploymentId);
    if (deploymentId === undefined) return;
    await store.transaction((repositories) =>
      cancelDeployment(repositories, 'api', {
        deploymentId,
        reason: 'user',
        message: 'You cancelled it.',
        requestId: 'cancel',
      }),
    );
  });
}

/** Deletes the second project. Whether that was answered or not, from the commit on it has to go. */
export function somebodyDeletes(world: World): void {
  world.deletion.began = true;
  world.scheduler.spawn(`person ${world.trace.step()}`, async (actor) => {
    const { store, context } = composePlatform(actor, world.parts);
    const deletion = deleteProject({ store, doorbell: world.parts.outside.doorbell });
    await deletion({ params: { project: DELETED_SLUG }, query: {}, body: undefined }, signedIn(world.owner), context);
  });
}

export const DELETED_SLUG = 'shop';
