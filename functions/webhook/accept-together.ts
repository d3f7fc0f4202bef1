import type { AcceptedPush } from '@miaobu/shared/model/delivery/push-repository';
import type { Store } from '@miaobu/shared/model/repositories';

/** Transactions at a time: while one waits for the disk, others say their statements. */
const UNDER_WAY = 3;
/** A transaction keeps so many environments locked. */
const AT_MOST = 16;

interface Waiting {
  readonly push: AcceptedPush;
  readonly resolve: (deploymentId: string | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Takes pushes as `pushes.accept` does, those that come at about the same time in one transaction: a commit waits for the disk, and every
 * message to Postgres costs about as much as what it asks for. What cannot be taken together is taken one by one, so that no push
 * suffers from another.
 */
export function acceptTogether(
  store: Pick<Store, 'pushes' | 'transaction'>,
): (push: AcceptedPush) => Promise<string | undefined> {
  const waiting: Waiting[] = [];
  let underWay = 0;

  const alone = ({ push, resolve, reject }: Waiting) => store.pushes.accept(push, 'webhook').then(resolve, reject);

  async function take(batch: readonly Waiting[]): Promise<void> {
    const [first, ...others] = batch;
    if (first && others.length === 0) return alone(first);
    try {
      const taken = await store.transaction(({ pushes }) =>
        Promise.all(batch.map(({ push }) => pushes.accept(push, 'webhook'))),
      );
      for (const [index, { resolve }] of batch.entries()) resolve(taken[index]);
    } catch {
      await Promise.all(batch.map(alone));
    }
  }

  function begin(): void {
    if (underWay === UNDER_WAY || waiting.length === 0) return;
    underWay += 1;
    // Everybody takes locks in the same order, so that no two wait for each other.
    const batch = waiting.splice(0, AT_MOST).sort((a, b) => (environmentOf(a) < environmentOf(b) ? -1 : 1));
    void take(batch).finally(() => {
      underWay -= 1;
      begin();
    });
  }

  return (push) =>
    new Promise((resolve, reject) => {
      waiting.push({ push, resolve, reject });
      begin();
    });
}

const environmentOf = ({ push }: Waiting) => push.known.environment.id;
