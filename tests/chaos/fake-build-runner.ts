import type { BuildRun, BuildRunner, BuildRunState } from '@miaobu/shared/ports/build-runner';
import type { VirtualClock } from './virtual-clock.ts';

/** A requested run of the builder. */
export interface Run {
  readonly runId: string;
  /** As it is shown. */
  readonly deploymentId: string;
  readonly attempt: number;
  readonly ticket: string;
  state: BuildRunState;
  /** GitHub notices only after a while that a machine is gone. */
  endsAt: number | undefined;
}

export interface FakeBuildRunner extends BuildRunner {
  readonly runs: readonly Run[];
}

/** A run that no machine picks up is eventually cancelled by GitHub. */
const NEVER_BEGUN_MS = 45 * 60_000;
/** Every so many runs one fails before the builder starts: the machine could not be prepared. */
const STILLBORN = 9;

const conclusions: Readonly<Record<BuildRunState, string | undefined>> = {
  queued: undefined,
  running: undefined,
  succeeded: 'success',
  failed: 'failure',
  cancelled: 'cancelled',
};

export function fakeBuildRunner(clock: VirtualClock): FakeBuildRunner {
  const runs: Run[] = [];
  const asked = new Map<Run, number>();
  const shown = (run: Run | undefined): BuildRun | undefined => {
    if (!run) return undefined;
    const forgotten = run.state === 'queued' && (asked.get(run) ?? 0) + NEVER_BEGUN_MS < clock.now();
    if (forgotten) run.state = 'cancelled';
    if (run.state === 'running' && run.endsAt !== undefined && run.endsAt < clock.now()) run.state = 'failed';
    const { runId, state } = run;
    return { runId, state, conclusion: conclusions[state], url: `https://github.example/actions/runs/${runId}` };
  };
  return {
    runs,
    async start({ deploymentId, attempt, ticket }) {
      const number = runs.length + 1;
      const run: Run = {
        runId: String(number),
        deploymentId,
        attempt,
        ticket,
        state: number % STILLBORN === 0 ? 'failed' : 'queued',
        endsAt: undefined,
      };
      runs.push(run);
      asked.set(run, clock.now());
      return { runId: run.runId };
    },
    findRun: async ({ deploymentId, attempt }) =>
      shown(runs.findLast((run) => run.deploymentId === deploymentId && run.attempt === attempt)),
    getRun: async (runId) => shown(runs.find((run) => run.runId === runId)),
    async cancel(runId) {
      const run = runs.find((each) => each.runId === runId);
      if (run && (run.state === 'queued' || run.state === 'running')) run.state = 'cancelled';
    },
  };
}
