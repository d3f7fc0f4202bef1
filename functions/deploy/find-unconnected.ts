import type { Topic } from '@miaobu/shared/contracts/messages';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Duty } from './run-duties.ts';

const HOUR_SECONDS = 60 * 60;
const LIMIT = 50;

/**
 * How long after a connection was given up it is requested again. A refused hook concerns the user's token or repository, so it waits for
 * a person to replay it; a refused hostname concerns our own DNS or edge, where somebody may have removed the obstacle.
 */
const afterSeconds = {
  'hostname.connect': { transient: HOUR_SECONDS, permanent: 24 * HOUR_SECONDS },
  'hook.connect': { transient: HOUR_SECONDS, permanent: undefined },
} as const satisfies Partial<Record<Topic, unknown>>;

/** Duty: replays connections that were given up. An outage of hours must not leave a site without its hostname, or its pushes unnoticed. */
export const findUnconnected =
  ({ store }: { readonly store: Pick<Store, 'deadLetters' | 'transaction'> }): Duty =>
  async ({ log, requestId }) => {
    let replayed = 0;
    for (const [topic, after] of Object.entries(afterSeconds)) {
      for (const id of await store.deadLetters.listDue(topic, after, LIMIT)) {
        await store.transaction(async ({ deadLetters, enqueue }) => {
          const dead = await deadLetters.resolve(id, 'replayed', 'replayed by deploy');
          if (!dead) return;
          const { lane, dedupeKey, payload, maxAttempts } = dead;
          await enqueue({ topic, lane, dedupeKey, payload, maxAttempts, requestId });
          log.info('connection requested again', { topic, deadLetter: id });
          replayed += 1;
        });
      }
    }
    return replayed;
  };
