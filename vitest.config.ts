import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongOnesFirst } from './tests/long-ones-first.ts';

const ignored = ['**/node_modules/**', '**/dist/**', '**/fixtures/**'];

// What a test needs is in its file name, so that `npm run check` can run the quick ones alone.
export default defineConfig({
  test: {
    // The layer is CommonJS: `import()` must look the same in a test as on Function Compute.
    deps: { interopDefault: false },
    // node:sqlite, where the emulators keep their state, is new.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // Much of a test is waiting, for Postgres, a process or a timer: one more than there are cores keeps them busy.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongOnesFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          // Half the work of a quick file is to import what it tests: a worker keeps that for its next one.
          isolate: false,
          include: ['**/*.test.ts'],
          exclude: [...ignored, ...['database', 'contract', 'e2e', 'builds'].map((kind) => `**/*.${kind}.test.ts`)],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'database',
          isolate: false,
          include: ['**/*.database.test.ts'],
          exclude: ignored,
          globalSetup: ['tests/database/start-postgres.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'contracts',
          // The vendors' SDKs, which most of them load, are loaded once a worker.
          isolate: false,
          include: ['**/*.contract.test.ts'],
          exclude: ignored,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['**/*.e2e.test.ts'],
          exclude: ignored,
          globalSetup: ['tests/e2e/prepare-platform.ts'],
          testTimeout: 400_000,
          hookTimeout: 400_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'builds',
          include: ['**/*.builds.test.ts'],
          exclude: ignored,
          testTimeout: 600_000,
          hookTimeout: 600_000,
          // Each installs hundreds of packages.
          maxWorkers: 1,
        },
      },
    ],
  },
});
