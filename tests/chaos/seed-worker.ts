// One process of `run-seeds.ts`: runs the seeds it receives against a database of its own, and sends back each outcome.
import { openChaosDatabase } from './chaos-database.ts';
import { mutants } from './mutants.ts';
import type { SeedOutcome, SeedRequest } from './run-seeds.ts';
import { simulate } from './simulate.ts';

const mutantCalled = (wanted: string | undefined) => mutants.find(({ name }) => name === wanted);

const [url = '', schemaOf] = process.argv.slice(2);
const database = await openChaosDatabase(url, mutantCalled(schemaOf)?.sql);

process.on('message', ({ seed, wantsTrace, mutant, without }: SeedRequest) => {
  simulate(database, seed, { mutant: mutantCalled(mutant), without }).then(
    ({ violation, step, trace, faults }) => {
      const outcome: SeedOutcome = {
        seed,
        step,
        faults,
        violation: violation && { invariant: violation.invariant, message: violation.message },
        trace: violation || wantsTrace ? trace : [],
      };
      process.send?.(outcome);
    },
    (error: unknown) => {
      console.error(`seed ${seed}:`, error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => void database.close());
process.send?.('ready');
