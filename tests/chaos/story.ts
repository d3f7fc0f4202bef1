import { errors } from '@miaobu/shared/contracts/errors';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { readId } from '@miaobu/shared/kernel/ids';
import { composePlatform } from './compose-platform.ts';
import type { Delivery } from './fake-github.ts';
import type { Happening } from './happening.ts';
import { whatPeopleDo } from './persons/what-people-do.ts';
import { playRun } from './play-run.ts';
import { Violation } from './violation.ts';
import type { World } from './world.ts';

const PUSHES = 6;
const LONGEST = 2350;
/** How often, after the last push, no actor has anything to do before the story ends. */
const QUIET = 6;
/** Instances of one function that run at the same time. */
const INSTANCES = 3;
const MINUTE_MS = 60_000;

/** GitHub sends one delivery; we answer or not. */
export function deliver(world: World, delivery: Delivery): void {
  delivery.attempts += 1;
  const hook = delivery.url.split('/').at(-1) ?? '';
  const received = {
    hook,
    event: 'push',
    deliveryGuid: delivery.guid,
    signature: delivery.signature,
    body: delivery.body,
  };
  const project = readId('project', hook)?.slice(-1);
  world.scheduler.spawn(`webhook ${delivery.guid}→${project}`, async (actor) => {
    const platform = composePlatform(actor, world.parts);
    const { outcome, deployment_id } = await platform
      .receivePush(received, platform.context)
      .catch((error: unknown) => {
        // GitHub's deliveries are signed and complete: refusing one would lose it, unless the hook no longer exists.
        const isNobodys = error instanceof AppError && error.code === 'unauthorized' && world.deletion.began;
        if (isNobodys || (error instanceof AppError && errors[error.code].status >= 500)) throw error;
        throw new Violation('I1', `delivery ${delivery.guid} was refused: ${error}`);
      });
    await actor.effect({ label: `answers ${outcome} ${deployment_id ?? ''}` }, () => {
      delivery.answered = true;
      // A failed one was not accepted: sent again, it is new.
      world.recorded.push({
        what: `delivery ${delivery.guid}`,
        again: (later) => later.receivePush(received, later.context),
      });
    });
  });
}

/** One invocation of `deploy`, as by the doorbell or timer. */
export function wakeDeploy(world: World): void {
  world.scheduler.spawn(`deploy ${world.trace.step()}`, async (actor) => {
    await composePlatform(actor, world.parts).deploy();
  });
}

/** One invocation of `cleanup`. */
function wakeCleanup(world: World): void {
  world.scheduler.spawn(`cleanup ${world.trace.step()}`, async (actor) => {
    await composePlatform(actor, world.parts).cleanup();
  });
}

/** Time passes for everyone; the timer of `deploy` fires for each minute, that of `cleanup` for each hour. */
export function passTime(world: World, seconds: number): void {
  // Without the minute timer, the slowest of the periodic duties still comes every ten.
  const minutes = world.without.has('timer') ? 10 : 1;
  const passed = (period: number) => Math.floor(world.clock.now() / (period * MINUTE_MS));
  const before = { deploy: passed(minutes), cleanup: passed(60) };
  world.advance(seconds);
  if (passed(minutes) > before.deploy) world.wakeUps.count += 1;
  if (passed(60) > before.cleanup) wakeCleanup(world);
}

function send({ faults, random, github, without }: World, deliveries: readonly Delivery[]): void {
  for (const delivery of deliveries) {
    if (random.chance(faults.rates.doubleDelivery)) github.outgoing.push(delivery);
    if (!random.chance(faults.rates.lostDelivery)) github.outgoing.push(delivery);
    // Where only redelivery can help, GitHub has to know that the delivery failed.
    else if (without.has('sync')) delivery.attempts += 1;
  }
}

function somebodyPushes(world: World): void {
  const { github, random, trace } = world;
  const branch = random.chance(0.7) ? 'main' : 'dev';
  const kind = random.next();
  const sent =
    kind < 0.05
      ? github.pushTag()
      : kind < 0.09
        ? github.deleteBranch(branch)
        : github.push(branch, kind < 0.4 ? random.pick(github.history(branch)) : undefined);
  trace.write('github', `${branch} is now ${github.branches.get(branch) ?? 'gone'}`);
  send(world, sent);
}

const mayPush = ({ github }: World) => github.hooks() > 0 && github.pushes() < PUSHES;

const isIdle = ({ scheduler, wakeUps, github }: World) =>
  !scheduler.isBusy() && wakeUps.count === 0 && github.outgoing.length === 0;

function passQuietly(world: World, seconds: number): void {
  if (!mayPush(world)) world.quiet.count += 1;
  passTime(world, seconds);
}

/** A line each: what else may happen is added here, or, if a person does it with the API, in `persons/`. */
const happenings: readonly Happening[] = [
  {
    weight: 0.6,
    may: mayPush,
    happen: (world) => {
      // Often in quick succession: the next comes before this one has been processed.
      do somebodyPushes(world);
      while (world.random.chance(0.3));
    },
  },
  { weight: 3, may: (world) => mayPush(world) && isIdle(world), happen: somebodyPushes },
  {
    weight: 6,
    may: ({ github }) => github.outgoing.length > 0,
    happen(world) {
      const { outgoing } = world.github;
      const [delivery] = outgoing.splice(world.random.between(0, outgoing.length - 1), 1);
      if (delivery) deliver(world, delivery);
    },
  },
  {
    weight: 8,
    may: ({ wakeUps, scheduler }) => wakeUps.count > 0 && scheduler.count('deploy') < INSTANCES,
    happen(world) {
      world.wakeUps.count -= 1;
      wakeDeploy(world);
    },
  },
  {
    weight: 6,
    may: ({ runner }) => runner.runs.some(({ state }) => state === 'queued'),
    happen(world) {
      const run = world.random.pick(world.runner.runs.filter(({ state }) => state === 'queued'));
      if (!run || world.random.chance(world.faults.rates.lostRun)) return;
      playRun(world, run);
    },
  },
  {
    weight: 1,
    may: ({ edge }) => edge.late() > 0,
    happen({ edge, trace }) {
      trace.write('edge', `a late write lands: ${edge.landOne() ?? 'no, its signature has expired'}`);
    },
  },
  { weight: 0.05, may: ({ scheduler }) => scheduler.count('cleanup') < 2, happen: wakeCleanup },
  ...whatPeopleDo,
  // Actions take moments; idle periods take minutes, and occasionally hours.
  { weight: 4, may: () => true, happen: (world) => passTime(world, world.random.between(1, 5)) },
  { weight: 12, may: isIdle, happen: (world) => passQuietly(world, world.random.between(20, 130)) },
  { weight: 1.5, may: isIdle, happen: (world) => passQuietly(world, world.random.between(1200, 4000)) },
];

/** One thing that can happen now, by weight. */
async function happen(world: World): Promise<void> {
  const possible = happenings.filter(({ may }) => may(world));
  let left = world.random.next() * possible.reduce((sum, { weight }) => sum + weight, 0);
  for (const { weight, happen: begin } of possible) {
    left -= weight;
    if (left < 0) return begin(world);
  }
}

/** Long enough, and quiet for a while after the last push. */
export const isTold = ({ trace, quiet }: World) => trace.step() >= LONGEST || quiet.count >= QUIET;

/** One step of the story: most often an actor advances, sometimes an outside event happens. */
export async function tellOneStep(world: World): Promise<void> {
  world.trace.nextStep();
  if (world.random.chance(0.93) && (await world.scheduler.advanceOne())) return;
  await happen(world);
}
