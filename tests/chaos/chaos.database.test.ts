import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../database/test-database.ts';
import { lifecycleDifferences } from './database-invariants.ts';
import { mutants } from './mutants.ts';
import { netNames, nets } from './nets.ts';
import { type SeedOutcome, type Simulators, startSimulators } from './run-seeds.ts';

const SEEDS = 200;
/** `npm run chaos -- --without …` runs more. */
const SEEDS_WITHOUT_A_NET = 5;
/** A mutant has to be detected within this many seeds; most need at most five. */
const SEEDS_FOR_A_MUTANT = 120;
const PROCESSES = 2;
const PATIENCE_MS = 15 * 60_000;
const SHOWN_STEPS = 60;

let databases: TestDatabase[] = [];
/** For everything that does not change the schema. */
let simulators: Simulators;

const newDatabases = () => Promise.all(Array.from({ length: PROCESSES }, testDatabase));
const urlsOf = (some: readonly TestDatabase[]) => some.map(({ url }) => url);

beforeAll(async () => {
  databases = await newDatabases();
  simulators = await startSimulators({ databases: urlsOf(databases) });
});

afterAll(async () => {
  await simulators?.close();
  for (const database of databases) await database.close();
});

/** Uses simulators with databases of their own, used by nothing else before or after. */
async function withOwn<T>(schemaOf: string | undefined, use: (own: Simulators) => Promise<T>): Promise<T> {
  const fresh = await newDatabases();
  const own = await startSimulators({ databases: urlsOf(fresh), schemaOf });
  try {
    return await use(own);
  } finally {
    await own.close();
    for (const database of fresh) await database.close();
  }
}

/** A readable report of the seeds that broke an invariant: the first in detail. */
function report(outcomes: readonly SeedOutcome[]): string {
  const broken = outcomes.filter(({ violation }) => violation);
  const [first] = broken;
  if (!first) return '';
  const rest = broken.slice(1).map(({ seed, violation }) => `seed ${seed}: ${violation?.message}`);
  return [`seed ${first.seed}, step ${first.step}`, ...first.trace.slice(-SHOWN_STEPS), ...rest].join('\n');
}

test("the lifecycle that the invariants allow is the product's", () => {
  expect(lifecycleDifferences()).toEqual([]);
});

test(
  `${SEEDS} stories full of faults converge, and no invariant is broken on the way`,
  async () => {
    const outcomes = await simulators.run({ first: 1, seeds: SEEDS, untilViolation: true });
    expect(report(outcomes)).toBe('');
    expect(outcomes).toHaveLength(SEEDS);
    // A simulator in which nothing ever fails would pass too.
    for (const fault of ['kill', 'stall', 'fail', 'lose', 'late', 'down'] as const) {
      expect(
        outcomes.reduce((sum, each) => sum + each.faults[fault], 0),
        fault,
      ).toBeGreaterThan(SEEDS / 4);
    }
  },
  PATIENCE_MS,
);

test(
  'the same seed is the same run, step by step, whatever ran before it',
  async () => {
    const seed = { first: 7, seeds: 1, wantsTrace: true };
    const [first] = await withOwn(undefined, (own) => own.run(seed));
    const [later] = await simulators.run(seed);
    expect(first?.trace.length).toBeGreaterThan(500);
    expect(later?.trace).toEqual(first?.trace);
  },
  PATIENCE_MS,
);

describe('without any one of the safety nets the outcome is the same', () => {
  test.each(netNames.map((net) => ({ net, means: nets[net] })))(
    'without $net: $means',
    async ({ net }) => {
      const outcomes = await simulators.run({
        first: 1001,
        seeds: SEEDS_WITHOUT_A_NET,
        without: [net],
        untilViolation: true,
      });
      expect(report(outcomes)).toBe('');
      expect(outcomes).toHaveLength(SEEDS_WITHOUT_A_NET);
    },
    PATIENCE_MS,
  );
});

describe('a product without one of its safeguards is detected', () => {
  test.each(mutants)(
    '$name: $does',
    async ({ name, firstSeed, sql }) => {
      const seeds = { first: firstSeed, seeds: SEEDS_FOR_A_MUTANT, mutant: name, untilViolation: true };
      const outcomes = await (sql === undefined ? simulators.run(seeds) : withOwn(name, (own) => own.run(seeds)));
      expect(outcomes.filter(({ violation }) => violation)).not.toEqual([]);
    },
    PATIENCE_MS,
  );
});
