import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Fault } from './fault-plan.ts';
import type { Net } from './nets.ts';

export interface SeedRequest {
  readonly seed: number;
  readonly wantsTrace: boolean;
}

export interface SeedOutcome {
  readonly seed: number;
  readonly step: number;
  readonly faults: Readonly<Record<Fault, number>>;
  readonly violation: { readonly invariant: string; readonly message: string } | undefined;
  /** Empty when every invariant held, unless it was asked for. */
  readonly trace: readonly string[];
}

export interface SeedRun {
  /** Migrated, empty databases: a process for each. */
  readonly databases: readonly string[];
  readonly first: number;
  readonly seeds: number;
  readonly mutant?: string | undefined;
  readonly without?: readonly Net[];
  /** Begin no more seeds after one in which an invariant did not hold. */
  readonly untilViolation?: boolean;
  readonly wantsTrace?: boolean;
}

const program = fileURLToPath(new URL('seed-worker.ts', import.meta.url));

function start(run: SeedRun, url: string): ChildProcess {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  return fork(program, [url, run.mutant ?? '', (run.without ?? []).join(',')], {
    env,
    // Not those of the caller: a test runner's are its own business.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

/** Runs seeds `first`, `first + 1`, …, in as many processes as there are databases. The outcomes, in the order of the seeds. */
export async function runSeeds(run: SeedRun): Promise<SeedOutcome[]> {
  const outcomes: SeedOutcome[] = [];
  let next = run.first;
  let enough = false;

  async function work(url: string): Promise<void> {
    const worker = start(run, url);
    const died = once(worker, 'exit').then(([code]) => {
      throw new Error(`a simulator ended with ${code} before its time`);
    });
    // Its end is awaited below; in between it only ever loses a race.
    died.catch(() => {});
    try {
      await Promise.race([once(worker, 'message'), died]);
      while (next < run.first + run.seeds && !enough) {
        const request: SeedRequest = { seed: next++, wantsTrace: run.wantsTrace ?? false };
        worker.send(request);
        const [outcome] = (await Promise.race([once(worker, 'message'), died])) as [SeedOutcome];
        outcomes.push(outcome);
        if (outcome.violation && run.untilViolation) enough = true;
      }
    } finally {
      if (worker.connected) {
        worker.disconnect();
        await once(worker, 'exit');
      }
    }
  }

  await Promise.all(run.databases.map(work));
  return outcomes.sort((a, b) => a.seed - b.seed);
}
