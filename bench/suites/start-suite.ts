import { rmSync } from 'node:fs';
import { newHome } from '../measuring/bench-platform.ts';
import type { Suite } from '../measuring/figure.ts';
import { startWithNpm } from '../measuring/npm-start.ts';

const STARTS = 3;
const START_TARGET_S = 20;

async function secondsToReady(home: string): Promise<number> {
  const { readySeconds, stop } = await startWithNpm(home);
  await stop();
  return readySeconds;
}

export const startSuite: Suite = {
  name: 'start',
  about: 'npm start → ready, with an example site live; dependencies are installed',
  async run(say) {
    const fresh: number[] = [];
    const again: number[] = [];
    for (let start = 1; start <= STARTS; start += 1) {
      const home = newHome();
      try {
        fresh.push(await secondsToReady(home));
        again.push(await secondsToReady(home));
        say(`${start} of ${STARTS}`);
      } finally {
        rmSync(home, { recursive: true, force: true });
      }
    }
    const target = { relation: '<', value: START_TARGET_S } as const;
    return [
      {
        name: 'first start',
        unit: 's',
        samples: fresh,
        target,
        note: 'empty state: Postgres is created, layer and functions are built, the example is pushed',
      },
      { name: 'start on the state of an earlier one', unit: 's', samples: again, target },
    ];
  },
};
