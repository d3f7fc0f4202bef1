import { sql } from '@miaobu/shared/db/sql';
import { playRun } from './play-run.ts';
import { deliver, passTime, wakeDeploy } from './story.ts';
import { Violation } from './violation.ts';
import type { World } from './world.ts';

/** Enough for three builds in a row that are each given up only after an hour. */
const ROUNDS = 50;
const LONGEST_ROUND_SECONDS = 15 * 60;

/** Lets every actor advance until none can at the current time. */
async function exhaust(world: World, check: () => void): Promise<void> {
  for (;;) {
    world.trace.nextStep();
    if (!(await world.scheduler.advanceOne())) return;
    check();
  }
}

/** What remains to be done, now or later; undefined when nothing does. */
async function unrest({ database, scheduler, runner, github, edge }: World): Promise<string | undefined> {
  if (github.outgoing.length > 0 || edge.late() > 0) return 'something is under way';
  if (scheduler.nextWakeAt() !== undefined) return 'somebody waits';
  if (runner.runs.some(({ state }) => state === 'queued')) return 'a run has not begun';
  const [row] = await database.db.query<{ left: string | null }>(sql`
    select string_agg(what, ', ') as left from (
      select topic || ' is ' || state as what from outbox where state in ('pending', 'leased')
      union all
      select 'deployment ' || id || ' is ' || status from deployments
       where status not in ('deployed', 'purged', 'failed', 'cancelled')) everything`);
  return row?.left ?? undefined;
}

/**
 * The faults are over: GitHub's deliveries arrive, machines pick up their runs, time passes and the timers fire, until nothing
 * is due. Then enough time passes for retention.
 */
export async function comeToRest(world: World, check: () => void): Promise<void> {
  world.faults.stop();
  world.scheduler.wakeAll();
  world.trace.write('world', 'the faults are over');
  let left: string | undefined = 'everything';
  for (let round = 0; left !== undefined; round++) {
    if (round === ROUNDS) throw new Violation('I7', `hours after the last fault: ${left}`);
    for (const delivery of world.github.outgoing.splice(0)) deliver(world, delivery);
    for (const run of world.runner.runs) if (run.state === 'queued') playRun(world, run);
    while (world.edge.late() > 0) world.edge.landOne();
    check();
    await exhaust(world, check);
    if (world.wakeUps.count > 0) wakeDeploy(world);
    world.wakeUps.count = 0;
    await exhaust(world, check);
    passTime(world, Math.min(60 * (round + 1), LONGEST_ROUND_SECONDS));
    left = await unrest(world);
  }
  for (const hours of [1, 3, 3]) {
    passTime(world, hours * 3600);
    wakeDeploy(world);
    await exhaust(world, check);
    passTime(world, 120);
    wakeDeploy(world);
    await exhaust(world, check);
  }
}
