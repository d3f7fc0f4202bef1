/** The chaos simulator: `npm run chaos -- --help` lists its options. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { migrateDatabase } from '@miaobu/shared/db/migrate-database';
import { ensureDatabase } from '../local/postgres/ensure-database.ts';
import { startPostgres } from '../local/postgres/start-postgres.ts';
import { startReaper } from '../local/processes/reaper.ts';
import { faultKinds } from '../tests/chaos/fault-plan.ts';
import { mutants } from '../tests/chaos/mutants.ts';
import { type Net, netNames, nets } from '../tests/chaos/nets.ts';
import { runSeeds } from '../tests/chaos/run-seeds.ts';

if (process.argv.includes('--crash')) {
  await import('./crash.ts');
  process.exit();
}

const help = `Runs the deployment engine with injected faults, one run per seed, and reports which seeds break an invariant.

  npm run chaos -- --seeds 1000 --first 1     this many seeds, from this one on (default: 200 from 1)
  npm run chaos -- --trace 17                 one seed, step by step
  --without NET      disable a safety net (may be given more than once):
${netNames.map((name) => `      ${name.padEnd(18)} ${nets[name]}`).join('\n')}
  --mutant NAME      remove a safeguard from the product:
${mutants.map(({ name, does }) => `      ${name.padEnd(18)} ${does}`).join('\n')}

  --crash            instead: crash the real processes at every named point; --crash --help explains more

Exits 1 when an invariant was broken.`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    first: { type: 'string', default: '1' },
    trace: { type: 'string' },
    mutant: { type: 'string' },
    without: { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  },
});

function misuse(): string | undefined {
  const unknownNet = values.without.find((net) => !netNames.some((known) => known === net));
  if (unknownNet !== undefined) return `There is no net ${unknownNet}; there are ${netNames.join(', ')}.`;
  if (values.mutant !== undefined && !mutants.some(({ name }) => name === values.mutant)) {
    return `There is no mutant ${values.mutant}; there are ${mutants.map(({ name }) => name).join(', ')}.`;
  }
  const numbers = [values.seeds, values.first, values.trace ?? '1'];
  if (!numbers.every((number) => /^[1-9]\d{0,8}$/.test(number))) return 'Seeds are positive numbers.';
  return undefined;
}

async function withDatabases<T>(count: number, use: (urls: string[]) => Promise<T>): Promise<T> {
  const home = mkdtempSync(path.join(tmpdir(), 'miaobu-chaos-'));
  // When root starts the tests, Postgres runs as another user, who needs access.
  chmodSync(home, 0o711);
  const reaper = startReaper();
  const postgres = await startPostgres({ directory: path.join(home, 'data'), port: 0 });
  reaper.watch(postgres.pid);
  try {
    const names = Array.from({ length: count }, (_, index) => `chaos_${index}`);
    for (const name of names) {
      await ensureDatabase(postgres.url(), name);
      await migrateDatabase(postgres.url(name), fileURLToPath(new URL('../migrations', import.meta.url)));
    }
    return await use(names.map((name) => postgres.url(name)));
  } finally {
    await postgres.stop();
    reaper.release(postgres.pid);
    await reaper.close();
    rmSync(home, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  const traced = values.trace !== undefined;
  const without = values.without as Net[];
  const first = Number(values.trace ?? values.first);
  const seeds = traced ? 1 : Number(values.seeds);
  const began = performance.now();
  const outcomes = await withDatabases(traced ? 1 : availableParallelism(), (databases) =>
    runSeeds({ databases, first, seeds, mutant: values.mutant, without, wantsTrace: traced }),
  );
  for (const { seed, violation, trace, step } of outcomes) {
    if (traced) console.log(trace.join('\n'));
    if (violation) console.log(`seed ${seed}, step ${step}: ${violation.message}`);
  }
  const broken = outcomes.filter(({ violation }) => violation);
  const faults = faultKinds.map((kind) => `${outcomes.reduce((sum, each) => sum + each.faults[kind], 0)} ${kind}`);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(
    `${outcomes.length} seeds, ${broken.length} with a violation, ${seconds} s; faults: ${faults.join(', ')}`,
  );
  if (broken.length > 0 && !traced) console.log(`See one: npm run chaos -- --trace ${broken[0]?.seed}`);
  return broken.length > 0 ? 1 : 0;
}

const problem = values.help ? undefined : misuse();
if (values.help || problem !== undefined) console.log(problem ?? help);
process.exitCode = problem !== undefined ? 2 : values.help ? 0 : await main();
