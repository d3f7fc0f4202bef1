// One process of `run-seeds.ts`: runs the seeds it is sent against a database of its own, and sends back what came of each.
import { openChaosDatabase } from './chaos-database.ts';
import { mutants } from './mutants.ts';
import type { Net } from './nets.ts';
import type { SeedOutcome, SeedRequest } from './run-seeds.ts';
import { simulate } from './simulate.ts';

const [url = '', mutantName = '', without = ''] = process.argv.slice(2);
const mutant = mutants.find(({ name }) => name === mutantName);
const options = { mutant, without: without.split(',').filter((net) => net !== '') as Net[] };
const database = await openChaosDatabase(url, mutant?.sql);

process.on('message', (request: SeedRequest) => {
  simulate(database, request.seed, options).then(
    ({ seed, violation, step, trace, faults }) => {
      const outcome: SeedOutcome = {
        seed,
        step,
        faults,
        violation: violation && { invariant: violation.invariant, message: violation.message },
        trace: violation || request.wantsTrace ? trace : [],
      };
      process.send?.(outcome);
    },
    (error: unknown) => {
      console.error(`seed ${request.seed}:`, error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => void database.close());
process.send?.('ready');
