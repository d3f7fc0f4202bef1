import type { ChaosDatabase } from './chaos-database.ts';
import { comeToRest } from './come-to-rest.ts';
import { edgeInvariant } from './edge-invariant.ts';
import type { Fault } from './fault-plan.ts';
import { replayChangesNothing } from './replay-invariant.ts';
import { holdsAtRest } from './rest-invariants.ts';
import { isTold, tellOneStep } from './story.ts';
import { Violation } from './violation.ts';
import { createWorld, type RunOptions } from './world.ts';

export interface RunResult {
  readonly seed: number;
  /** Undefined when every invariant held. */
  readonly violation: Violation | undefined;
  /** The step at which it was noticed, or the last one. */
  readonly step: number;
  readonly trace: readonly string[];
  readonly faults: Readonly<Record<Fault, number>>;
}

/** One run: the story under faults, then rest, with the invariants watched throughout. The same seed is the same run. */
export async function simulate(database: ChaosDatabase, seed: number, options: RunOptions = {}): Promise<RunResult> {
  const world = await createWorld(database, seed, options);
  const { trace, faults } = world;
  const edgeIsWhole = edgeInvariant(world);
  const check = () => {
    edgeIsWhole();
    const found = faults.violation();
    if (found) throw found;
  };
  let violation: Violation | undefined;
  try {
    while (!isTold(world)) {
      await tellOneStep(world);
      check();
    }
    await comeToRest(world, check);
    await holdsAtRest(world);
    await replayChangesNothing(world);
    check();
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violation = error;
    trace.write('simulator', `VIOLATION ${error.message}`);
  }
  return { seed, violation, step: trace.step(), trace: trace.lines(), faults: faults.counts };
}
