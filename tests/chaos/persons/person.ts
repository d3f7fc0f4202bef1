import { errors } from '@miaobu/shared/contracts/errors';
import type { Deployment } from '@miaobu/shared/contracts/shown-deployment';
import { sql } from '@miaobu/shared/db/sql';
import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Context } from '@miaobu/shared/kernel/context';
import { readId } from '@miaobu/shared/kernel/ids';
import type { Store } from '@miaobu/shared/model/repositories';
import { listDeployments } from '../../../functions/api/deployments/list-deployments.ts';
import type { Actor as Caller } from '../../../functions/api/operation.ts';
import { signedIn } from '../../database/signed-in.ts';
import { address, composePlatform, controlOrigin } from '../compose-platform.ts';
import type { Actor } from '../scheduler.ts';
import type { World } from '../world.ts';

/** The project with two environments, the one that may be deleted, and all environments of both. */
export const FIRST_SLUG = 'site';
export const DELETED_SLUG = 'shop';
const ENVIRONMENTS = [
  { project: FIRST_SLUG, environment: 'production' },
  { project: FIRST_SLUG, environment: 'staging' },
  { project: DELETED_SLUG, environment: 'production' },
] as const;

/** One user with the API. */
export interface Person {
  readonly actor: Actor;
  /** Who calls, and the context of the calls. */
  readonly as: readonly [Caller, Context];
  /** What the operations depend on, as this actor sees it. */
  readonly parts: ReturnType<typeof partsOf>;
}

function partsOf(actor: Actor, world: World) {
  const { store, sealer, readGithubToken, codeHost, doorbell, buildTokens } = composePlatform(actor, world.parts);
  return { store, sealer, readGithubToken, codeHost, doorbell, buildTokens, address, controlOrigin };
}

/** A permanent refusal is an answer like any other; a failure is the simulator's doing, and ends the actor. */
async function answered(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof AppError) || errors[error.code].status >= 500) throw error;
  });
}

/** Someone appears, does this, and has an answer or none. */
export function somebody(world: World, act: (person: Person) => Promise<unknown>): void {
  world.scheduler.spawn(`person ${world.trace.step()}`, async (actor) => {
    const { context } = composePlatform(actor, world.parts);
    await answered(act({ actor, as: [signedIn(world.owner), context], parts: partsOf(actor, world) }));
  });
}

export const someEnvironment = ({ random }: World) => random.pick(ENVIRONMENTS) ?? ENVIRONMENTS[0];

/** One of an environment's newest deployments, in any status. `among`, in [0, 1), says which. */
export async function oneDeployment(
  { parts, as }: Person,
  { project, environment }: { readonly project: string; readonly environment: string },
  among: number,
): Promise<Deployment | undefined> {
  const query = { environment, limit: 8 };
  const { data } = await listDeployments(parts)({ params: { project }, query, body: undefined }, ...as);
  return data[Math.floor(among * data.length)];
}

/**
 * The store of someone who switches to this deployment by hand: every transaction says so while it lasts, because the invariants allow
 * nobody else to go back, and nobody to go anywhere else.
 */
export const switchingTo = (world: World, store: Store, deployment: string): Store => ({
  ...store,
  transaction: (work) =>
    store.transaction(async (repositories) => {
      const id = readId('deployment', deployment) ?? '';
      await world.database.db.query(sql`select set_config('chaos.person', ${id}, true)`);
      return work(repositories);
    }),
});
