import type { Topic } from '../../contracts/messages.ts';
import type { LeasedMessage, Outbox } from '../../db/outbox.ts';
import type { Store } from '../repositories.ts';
import { type Provider, providersOf } from './providers.ts';

export interface Deps {
  readonly outbox: Pick<Outbox, 'claim'>;
  readonly store: Pick<Store, 'breakers'>;
  /** Names this instance in leases. */
  readonly owner: string;
}

/** A leased message. */
export interface Claimed {
  readonly message: LeasedMessage;
  /** Providers whose breaker this message tries: its outcome decides whether others follow. */
  readonly trial: readonly Provider[];
  /** Providers with a failure count that a success resets. */
  readonly counted: readonly Provider[];
}

/**
 * Claims due messages of these topics. Topics whose provider's breaker is open wait without using up tries. After the pause one message,
 * across all instances, is the trial; the rest wait for its outcome.
 */
export const claimMessages =
  ({ outbox, store, owner }: Deps, topics: readonly Topic[], leaseSeconds: number) =>
  async (limit: number): Promise<Claimed[]> => {
    const breakers = await store.breakers.list();
    const known = breakers.map(({ provider }) => provider);
    const down = new Set(breakers.filter(({ state }) => state !== 'closed').map(({ provider }) => provider));
    const needs = (topic: Topic, some: ReadonlySet<Provider>) => providersOf[topic].some((each) => some.has(each));
    const claim = async (claimable: readonly Topic[], count: number, trial: ReadonlySet<Provider>) => {
      if (claimable.length === 0) return [];
      const messages = await outbox.claim(owner, claimable, count, leaseSeconds);
      return messages.map((message): Claimed => {
        const needed = providersOf[message.topic as Topic];
        return {
          message,
          trial: needed.filter((each) => trial.has(each)),
          counted: needed.filter((each) => known.includes(each)),
        };
      });
    };

    const well = topics.filter((topic) => !needs(topic, down));
    const claimed = await claim(well, limit, new Set());
    const trying = breakers.filter(({ state }) => state === 'trying').map(({ provider }) => provider);
    if (claimed.length === limit || trying.length === 0) return claimed;
    const taken = new Set(await store.breakers.takeTrials(trying, leaseSeconds));
    const stillDown = new Set([...down].filter((each) => !taken.has(each)));
    const triable = topics.filter((topic) => needs(topic, taken) && !needs(topic, stillDown));
    const [first] = await claim(triable, 1, taken);
    await store.breakers.endTrials([...taken].filter((each) => !first?.trial.includes(each)));
    return first ? [...claimed, first] : claimed;
  };
