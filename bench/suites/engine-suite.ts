import type { Suite } from '../measuring/figure.ts';
import { measureBurst } from './engine-burst.ts';
import { measureIntake } from './engine-intake.ts';
import { measureOutbox } from './engine-outbox.ts';
import { withPostgres } from './engine-postgres.ts';

/**
 * The platform's two engines, on a durable Postgres. Pushes go to the real function in a process of its own; the sender,
 * the receiver of its doorbell and Postgres share this machine with it.
 */
export const engineSuite: Suite = {
  name: 'engine',
  about: 'how many pushes are taken for good, and how many messages of the outbox are done, in a second',
  run: (say) =>
    withPostgres(async (postgres) => [
      ...(await measureIntake(postgres, say)),
      ...(await measureBurst(postgres, say)),
      ...(await measureOutbox(postgres, say)),
    ]),
};
