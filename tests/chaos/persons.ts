import { errors } from '@miaobu/shared/contracts/errors';
import { sql } from '@miaobu/shared/db/sql';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { readId, showId } from '@miaobu/shared/kernel/ids';
import { cancelDeployment } from '@miaobu/shared/model/deployment/cancel-deployment';
import type { Store } from '@miaobu/shared/model/repositories';
import { createEnvironment } from '../../functions/api/environments/create-environment.ts';
import { deleteEnvironment } from '../../functions/api/environments/delete-environment.ts';
import { getEnvironment } from '../../functions/api/environments/get-environment.ts';
import { rollbackEnvironment } from '../../functions/api/environments/rollback-environment.ts';
import { updateEnvironment } from '../../functions/api/environments/update-environment.ts';
import { etagOf } from '../../functions/api/etag.ts';
import { deleteProject } from '../../functions/api/projects/delete-project.ts';
import { signedIn } from '../database/signed-in.ts';
import { address, composePlatform } from './compose-platform.ts';
import type { World } from './world.ts';

// What users do with the API. Someone who switches by hand (a rollback, a promotion) sets `chaos.person` to `switches` in the
// transaction that does it: the invariants allow nobody else to go back.

/** Cancels the deployment whose build was requested last. */
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

/** Deletes the second project. Answered or not, once that is committed the project has to disappear. */
export function somebodyDeletes(world: World): void {
  world.deletion.began = true;
  world.scheduler.spawn(`person ${world.trace.step()}`, async (actor) => {
    const { store, context } = composePlatform(actor, world.parts);
    const deletion = deleteProject({ store, doorbell: world.parts.outside.doorbell });
    await deletion({ params: { project: DELETED_SLUG }, query: {}, body: undefined }, signedIn(world.owner), context);
  });
}

export const DELETED_SLUG = 'shop';

/** A permanent refusal is an answer like any other; a failure is the simulator's doing, and ends the actor. */
async function answered(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof AppError) || errors[error.code].status >= 500) throw error;
  });
}

/** The store of someone who may go back: every transaction is marked so while it lasts. */
const byHand = (world: World, store: Store): Store => ({
  ...store,
  transaction: (work) =>
    store.transaction(async (repositories) => {
      await world.database.db.query(sql`select set_config('chaos.person', 'switches', true)`);
      return work(repositories);
    }),
});

const doorbellOf = (world: World) => world.parts.outside.doorbell;

/** Goes back (or forward) to any deployment of the first project, unless someone was quicker; later someone may resume. */
export function somebodyRollsBack(world: World): void {
  const { random } = world;
  const environment = random.chance(0.6) ? 'production' : 'staging';
  const among = random.next();
  world.scheduler.spawn(`person ${world.trace.step()}`, async (actor) => {
    const { store, context } = composePlatform(actor, world.parts);
    const parts = { store: byHand(world, store), doorbell: doorbellOf(world), address };
    const params = { project: 'site', environment };
    const person = signedIn(world.owner);
    await answered(
      (async () => {
        const { data } = await getEnvironment(parts)({ params, query: {}, body: undefined }, person, context);
        const id = readId('environment', data.id) ?? '';
        const deployments = await store.deployments.listOfEnvironment(id, ['deployed', 'purging']);
        const chosen = deployments[Math.floor(among * deployments.length)];
        if (!chosen) return;
        const headers = { 'if-match': etagOf(data) };
        const body = { deployment: showId('deployment', chosen.id) };
        await rollbackEnvironment(parts)({ params, query: {}, headers, body }, person, context);
      })(),
    );
  });
}

/** Lets new deployments go live automatically again. */
export function somebodyResumes(world: World): void {
  const environment = world.random.chance(0.6) ? 'production' : 'staging';
  world.scheduler.spawn(`person ${world.trace.step()}`, async (actor) => {
    const { store, context } = composePlatform(actor, world.parts);
    const request = { params: { project: 'site', environment }, query: {}, headers: {}, body: { auto_promote: true } };
    const update = updateEnvironment({ store, doorbell: doorbellOf(world), address });
    await answered(update(request, signedIn(world.owner), context));
  });
}

/** Toggles the staging of the first project. */
export function somebodySwitchesStaging(world: World): void {
  world.scheduler.spawn(`person ${world.trace.step()}`, async (actor) => {
    const { store, sealer, readGithubToken, context } = composePlatform(actor, world.parts);
    const { codeHost } = world.parts.outside;
    const parts = { store, sealer, readGithubToken, codeHost, doorbell: doorbellOf(world), address };
    const person = signedIn(world.owner);
    const of = { project: 'site', environment: 'staging' };
    await answered(
      deleteEnvironment(parts)({ params: of, query: {}, body: undefined }, person, context).catch((error: unknown) => {
        if (!(error instanceof AppError) || error.code !== 'not_found') throw error;
        const body = { name: 'staging', branch: 'dev' } as const;
        return createEnvironment(parts)({ params: { project: 'site' }, query: {}, body }, person, context);
      }),
    );
  });
}
