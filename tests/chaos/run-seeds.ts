import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Fault } from './fault-plan.ts';
import type { Net } from './nets.ts';

export interface SeedRequest {
  readonly seed: number;
  readonly wantsTrace: boolean;
  readonly mutant: string | undefined;
  readonly without: readonly Net[];
}

export interface SeedOutcome {
  readonly seed: number;
  readonly step: number;
  readonly faults: Readonly<Record<Fault, number>>;
  readonly violation: { readonly invariant: string; readonly message: string } | undefined;
  /** Empty when every invariant held, unless it was asked for. */
  readonly trace: readonly string[];
}

/** Which seeds, `first`, `first + 1`, …, and how. */
export interface Seeds {
  readonly first: number;
  readonly seeds: number;
  readonly mutant?: string | undefined;
  readonly without?: readonly Net[];
  /** Start no more seeds after one breaks an invariant. */
  readonly untilViolation?: boolean;
  readonly wantsTrace?: boolean;
}

/** Processes that run seeds one after another: a seed leaves no state to the next. */
export interface Simulators {
  /** The outcomes, in the order of the seeds. */
  run(seeds: Seeds): Promise<SeedOutcome[]>;
  close(): Promise<void>;
}

export interface SimulatorOptions {
  /** Migrated, empty databases, one per process. */
  readonly databases: readonly string[];
  /** The mutant whose schema changes the databases get. They stay: other mutants need other databases. */
  readonly schemaOf?: string | undefined;
}

interface Simulator {
  simulate(request: SeedRequest): Promise<SeedOutcome>;
  close(): Promise<void>;
}

const program = fileURLToPath(new URL('seed-worker.ts', import.meta.url));

function start(url: string, schemaOf: string | undefined): ChildProcess {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  return fork(program, [url, schemaOf ?? ''], {
    env,
    // Not the caller's: a test runner's options are not meant for these processes.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

async function startSimulator(url: string, schemaOf: string | undefined): Promise<Simulator> {
  const worker = start(url, schemaOf);
  const died = once(worker, 'exit').then(([code]) => {
    throw new Error(`a simulator ended with ${code} before its time`);
  });
  // Its end is awaited below; until then it is only ever raced against.
  died.catch(() => {});
  const answer = () => Promise.race([once(worker, 'message'), died]);
  await answer();
  return {
    async simulate(request) {
      const answered = answer();
      worker.send(request);
      const [outcome] = await answered;
      return outcome as SeedOutcome;
    },
    async close() {
      if (!worker.connected) return;
      worker.disconnect();
      await once(worker, 'exit');
    },
  };
}

export async function startSimulators({ databases, schemaOf }: SimulatorOptions): Promise<Simulators> {
  const all = await Promise.all(databases.map((url) => startSimulator(url, schemaOf)));
  return {
    async run({ first, seeds, mutant, without = [], untilViolation = false, wantsTrace = false }) {
      const outcomes: SeedOutcome[] = [];
      let next = first;
      let enough = false;
      const work = async ({ simulate }: Simulator) => {
        while (next < first + seeds && !enough) {
          const outcome = await simulate({ seed: next++, wantsTrace, mutant, without });
          outcomes.push(outcome);
          if (outcome.violation && untilViolation) enough = true;
        }
      };
      await Promise.all(all.map(work));
      return outcomes.sort((a, b) => a.seed - b.seed);
    },
    async close() {
      await Promise.all(all.map((simulator) => simulator.close()));
    },
  };
}

/** Runs seeds in one process per database; they end after the last seed. Returns the outcomes in the order of the seeds. */
export async function runSeeds({
  databases,
  ...seeds
}: Seeds & Pick<SimulatorOptions, 'databases'>): Promise<SeedOutcome[]> {
  const simulators = await startSimulators({ databases, schemaOf: seeds.mutant });
  try {
    return await simulators.run(seeds);
  } finally {
    await simulators.close();
  }
}
