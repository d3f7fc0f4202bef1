import { setTimeout as delay } from 'node:timers/promises';
import { withPlatform } from '../measuring/bench-platform.ts';
import type { Figure, Suite } from '../measuring/figure.ts';
import { type ProcessMemory, processMemory } from '../measuring/process-memory.ts';

const LIVE_LOOKS = 5;
const LIVE_EVERY_MS = 200;
const IDLE_MS = 90_000;
/** A whole minute, so that the timer that wakes deploy is in it. */
const IDLE_LOOKS = 30;
const IDLE_EVERY_MS = 2_000;
const IDLE_TARGET_MB = 700;

/** One sample: name → megabytes of all processes of that name. */
type Look = ReadonlyMap<string, number>;

function lookAt(processes: readonly ProcessMemory[]): Look {
  const look = new Map<string, number>();
  for (const { name, pssBytes } of processes) look.set(name, (look.get(name) ?? 0) + pssBytes / 1e6);
  return look;
}

async function looks(pid: number, count: number, everyMs: number): Promise<Look[]> {
  const taken: Look[] = [];
  while (taken.length < count) {
    taken.push(lookAt(processMemory(pid)));
    await delay(everyMs);
  }
  return taken;
}

const total = (look: Look) => [...look.values()].reduce((sum, megabytes) => sum + megabytes, 0);

/** The parts of a sum: a missing one counts as zero. */
function parts(taken: readonly Look[]): Figure[] {
  const names = new Set(taken.flatMap((look) => [...look.keys()]));
  return [...names].map((name) => ({
    name: `  ${name}`,
    unit: 'MB',
    samples: taken.map((look) => look.get(name) ?? 0),
  }));
}

export const memorySuite: Suite = {
  name: 'memory',
  about: 'what the whole platform holds in memory (PSS, Postgres and edge included)',
  async run(say) {
    if (process.platform !== 'linux') throw new Error('memory is read from /proc, which only Linux has');
    return withPlatform(async ({ pid }) => {
      const live = await looks(pid, LIVE_LOOKS, LIVE_EVERY_MS);
      say(`nothing happens for ${IDLE_MS / 1000} s`);
      await delay(IDLE_MS);
      say(`${(IDLE_LOOKS * IDLE_EVERY_MS) / 1000} s of looking`);
      const idle = await looks(pid, IDLE_LOOKS, IDLE_EVERY_MS);
      return [
        {
          name: 'idle',
          unit: 'MB',
          samples: idle.map(total),
          target: { relation: '<', value: IDLE_TARGET_MB },
          note: `from ${IDLE_MS / 1000} s after the site was live, for a minute: deploy is woken once in it`,
        },
        ...parts(idle),
        { name: 'just live', unit: 'MB', samples: live.map(total), note: 'function instances wait for more' },
        ...parts(live),
      ];
    });
  },
};
