/** The crash matrix: kills, stops and fails the functions at every named point. `npm run chaos -- --crash --help` explains more. */
import { parseArgs } from 'node:util';
import { createProgress } from '../local/progress.ts';
import { startCrashPlatform } from '../tests/crash/crash-platform.ts';
import { type CrashMode, crashModes, crashPoints, withoutCrash } from '../tests/crash/crash-points.ts';
import { playCrash, TICKS } from '../tests/crash/play-crash.ts';

const help = `Runs the whole platform and crashes the process of a function (or the builder) at each of ${crashPoints.length} points,
by SIGKILL, by stopping it until its leases have expired, and by an error. After that only time passes and timers fire; the
platform must converge within ${TICKS} ticks.

  npm run chaos -- --crash                    all points, all modes
  npm run chaos -- --crash --point CP23       one point (may be given more than once)
  npm run chaos -- --crash --mode hang        one mode: ${crashModes.join(', ')}

Exits 1 when something did not converge.`;

const { values } = parseArgs({
  options: {
    crash: { type: 'boolean', default: false },
    point: { type: 'string', multiple: true, default: [] },
    mode: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

function misuse(): string | undefined {
  const unknown = values.point.find((id) => !crashPoints.some((point) => point.id === id));
  if (unknown !== undefined)
    return `There is no point ${unknown}: ${withoutCrash[unknown] ?? crashPoints.map(({ id }) => id).join(', ')}.`;
  if (values.mode !== undefined && !crashModes.some((mode) => mode === values.mode))
    return `A mode is one of ${crashModes.join(', ')}.`;
  return undefined;
}

async function main(): Promise<number> {
  const points = crashPoints.filter(({ id }) => values.point.length === 0 || values.point.includes(id));
  const platform = await startCrashPlatform({ progress: createProgress() });
  let failed = 0;
  let cells = 0;
  let stopped = false;
  process.once('SIGINT', () => {
    stopped = true;
    console.error('Stopping after this one …');
  });
  try {
    for (const point of points) {
      for (const mode of point.modes ?? crashModes) {
        if (stopped) break;
        if (values.mode !== undefined && mode !== (values.mode as CrashMode)) continue;
        const began = performance.now();
        const outcome = await playCrash(platform, point, mode).catch((error: unknown) => ({
          ticks: 0,
          broken: [String(error)],
        }));
        platform.crashes.disarm();
        cells += 1;
        if (outcome.broken.length > 0) failed += 1;
        const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(5);
        const verdict = outcome.broken.length > 0 ? 'BROKEN' : `${outcome.ticks} ticks`;
        console.log(`${point.id}  ${mode.padEnd(5)}  ${verdict}  ${seconds} s  ${point.dies}`);
        for (const each of outcome.broken) console.log(`        ${each}`);
      }
    }
  } finally {
    await platform.stop();
  }
  console.log(`${cells} crashes, ${failed} without convergence within ${TICKS} ticks.`);
  for (const [id, why] of Object.entries(withoutCrash)) console.log(`${id}  –      ${why}`);
  return failed > 0 ? 1 : 0;
}

const problem = values.help ? undefined : misuse();
if (values.help || problem !== undefined) console.log(problem ?? help);
process.exitCode = problem !== undefined ? 2 : values.help ? 0 : await main();
