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

/** A message under lease. */
export interface Claimed {
  readonly message: LeasedMessage;
  /** Providers that have been down and that it tries: what becomes of it decides whether others follow. */
  readonly trial: readonly Provider[];
  /** Providers about which something is counted that its success ends. */
  readonly counted: readonly Provider[];
}

/**
 * Claims what is due of these topics. A provider whose breaker is open is left alone: its topics wait, which costs them no tries. After
 * the pause one message tries, of all instances' together, and until it is known what became of it the rest wait on.
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
