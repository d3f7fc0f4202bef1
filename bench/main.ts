// npm run bench: measures the platform on this machine. Prints the results beside their targets, and writes every sample to
// bench/dist/results.json. A missed target is a finding; only a suite that could not measure is a failure.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { endEverything } from './measuring/end-with-bench.ts';
import { type Figure, meetsTarget, type Suite, spreadOf } from './measuring/figure.ts';
import { figureTable } from './measuring/figure-table.ts';
import { suites } from './suites.ts';

const RESULTS = path.join(import.meta.dirname, 'dist', 'results.json');

const listing = () => suites.map(({ name, about }) => `  ${name.padEnd(12)} ${about}\n`).join('');

function chosenSuites(args: readonly string[]): readonly Suite[] | undefined {
  const options = { list: { type: 'boolean' }, help: { type: 'boolean' } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  if (values.list || values.help) return undefined;
  if (positionals.length === 0) return suites;
  return positionals.map((name) => {
    const suite = suites.find((known) => known.name === name);
    if (!suite) throw new Error(`there is no suite "${name}"; there are:\n${listing()}`);
    return suite;
  });
}

/** The commit the figures belong to, marked when the files differ from it. */
function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=12'], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}

const say = (line: string) => void process.stderr.write(`  … ${line}\n`);
const print = (line = '') => void process.stdout.write(`${line}\n`);

const described = (figure: Figure) => ({ ...figure, ...spreadOf(figure.samples), met: meetsTarget(figure) });

async function runSuite(suite: Suite) {
  const began = performance.now();
  const [loadBefore = 0] = loadavg();
  process.stderr.write(`${suite.name}: ${suite.about}\n`);
  const figures = await suite.run(say);
  const seconds = Math.round((performance.now() - began) / 1000);
  print(`${suite.name}: ${suite.about}  [${seconds} s; load before: ${loadBefore.toFixed(2)}]`);
  for (const line of figureTable(figures)) print(`  ${line}`);
  print();
  return { suite: suite.name, about: suite.about, seconds, loadBefore, figures: figures.map(described) };
}

async function main(): Promise<number> {
  // A bench measures a platform of its own, and Node without what a machine adds to its start-up: otherwise every
  // process would read these certificates.
  delete process.env.NODE_EXTRA_CA_CERTS;
  delete process.env.DATABASE_URL;
  let chosen: readonly Suite[] | undefined;
  try {
    chosen = chosenSuites(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n`);
    return 2;
  }
  if (!chosen) {
    print(`npm run bench [-- <suite…> | --list]\n\n${listing()}`);
    return 0;
  }
  const [cpu] = cpus();
  const machine = {
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
    node: process.version,
  };
  const about = { at: new Date().toISOString(), commit: commit(), machine };
  print(`${about.commit}: ${machine.cores} × ${machine.cpu}, ${machine.memoryGiB} GiB, Node ${machine.node}`);
  print();
  const results: Awaited<ReturnType<typeof runSuite>>[] = [];
  let failures = 0;
  mkdirSync(path.dirname(RESULTS), { recursive: true });
  for (const suite of chosen) {
    try {
      results.push(await runSuite(suite));
    } catch (error) {
      failures += 1;
      process.stderr.write(`bench: ${suite.name} failed: ${(error as Error).stack ?? error}\n`);
    }
    writeFileSync(RESULTS, `${JSON.stringify({ ...about, suites: results }, null, 2)}\n`);
  }
  print(`every sample: ${path.relative(process.cwd(), RESULTS)}`);
  return failures > 0 ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void endEverything().finally(() => process.exit(130)));
}
process.exitCode = await main();
