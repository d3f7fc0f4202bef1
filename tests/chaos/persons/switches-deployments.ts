import { pinDeployment, unpinDeployment } from '../../../functions/api/deployments/pin-deployment.ts';
import { promoteDeployment } from '../../../functions/api/deployments/promote-deployment.ts';
import { getEnvironment } from '../../../functions/api/environments/get-environment.ts';
import { rollbackEnvironment } from '../../../functions/api/environments/rollback-environment.ts';
import { updateEnvironment } from '../../../functions/api/environments/update-environment.ts';
import { etagOf } from '../../../functions/api/etag.ts';
import type { World } from '../world.ts';
import { FIRST_SLUG, oneDeployment, somebody, someEnvironment, switchingTo } from './person.ts';

const ofFirst = (world: World) => ({
  project: FIRST_SLUG,
  environment: world.random.chance(0.6) ? 'production' : 'staging',
});

/** Goes back (or forward) to any deployment, unless someone was quicker; later someone may resume. */
export function somebodyRollsBack(world: World): void {
  const params = ofFirst(world);
  const among = world.random.next();
  somebody(world, async (person) => {
    const { parts, as } = person;
    const { data } = await getEnvironment(parts)({ params, query: {}, body: undefined }, ...as);
    const chosen = await oneDeployment(person, params, among);
    if (!chosen) return;
    const headers = { 'if-match': etagOf(data) };
    const store = switchingTo(world, parts.store, chosen.id);
    const rollback = rollbackEnvironment({ ...parts, store });
    await rollback({ params, query: {}, headers, body: { deployment: chosen.id } }, ...as);
  });
}

/** Shows any deployment; what is pushed later goes live by itself. */
export function somebodyPromotes(world: World): void {
  const of = someEnvironment(world);
  const among = world.random.next();
  somebody(world, async (person) => {
    const { parts, as } = person;
    const chosen = await oneDeployment(person, of, among);
    if (!chosen) return;
    const promote = promoteDeployment({ ...parts, store: switchingTo(world, parts.store, chosen.id) });
    const params = { project: of.project, deployment: chosen.id };
    await promote({ params, query: {}, body: {} }, ...as);
  });
}

/** Lets new deployments go live automatically again. */
export function somebodyResumes(world: World): void {
  const params = ofFirst(world);
  somebody(world, ({ parts, as }) =>
    updateEnvironment(parts)({ params, query: {}, headers: {}, body: { auto_promote: true } }, ...as),
  );
}

/** Keeps a deployment however old it gets, or no longer does. */
export function somebodyPins(world: World): void {
  const of = someEnvironment(world);
  const among = world.random.next();
  const set = world.random.chance(0.7) ? pinDeployment : unpinDeployment;
  somebody(world, async (person) => {
    const chosen = await oneDeployment(person, of, among);
    if (!chosen) return;
    const params = { project: of.project, deployment: chosen.id };
    await set(person.parts)({ params, query: {}, body: undefined }, ...person.as);
  });
}
