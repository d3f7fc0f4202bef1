import type { AcceptedPush } from '@miaobu/shared/model/delivery/push-repository';
import type { Store } from '@miaobu/shared/model/repositories';

/** Concurrent statements: while one waits for the disk, the next batch collects. */
const UNDER_WAY = 1;
/** The most environments that one statement locks. */
const AT_MOST = 32;

interface Waiting {
  readonly push: AcceptedPush;
  readonly resolve: (deploymentId: string | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Batches `pushes.accept`: pushes that arrive at about the same time share one statement, because a commit waits for the disk and every
 * round trip to Postgres costs about as much as the statement itself. Pushes that cannot be batched are accepted one by one, so that no
 * push fails because of another.
 */
export function acceptTogether(
  pushes: Pick<Store['pushes'], 'accept'>,
): (push: AcceptedPush) => Promise<string | undefined> {
  let waiting: Waiting[] = [];
  let underWay = 0;

  const take = async (batch: readonly Waiting[]): Promise<void> => {
    try {
      const ids = await pushes.accept(
        batch.map(({ push }) => push),
        'webhook',
      );
      for (const [n, { resolve }] of batch.entries()) resolve(ids[n]);
    } catch (error) {
      if (batch.length > 1) await Promise.all(batch.map((each) => take([each])));
      else for (const { reject } of batch) reject(error);
    }
  };

  function begin(): void {
    if (underWay === UNDER_WAY || waiting.length === 0) return;
    const { batch, rest } = ofDifferentEnvironments(waiting);
    waiting = rest;
    underWay += 1;
    void take(batch).finally(() => {
      underWay -= 1;
      begin();
    });
  }

  return (push) =>
    new Promise((resolve, reject) => {
      waiting.push({ push, resolve, reject });
      // First read everything that arrived at the same time.
      begin();
    });
}

/** The longest waiting, at most one per environment: a statement cannot accept two that follow one another. */
function ofDifferentEnvironments(waiting: readonly Waiting[]): { batch: Waiting[]; rest: Waiting[] } {
  const batch: Waiting[] = [];
  const rest: Waiting[] = [];
  const environments = new Set<string>();
  for (const each of waiting) {
    const { id } = each.push.known.environment;
    const isNext = batch.length < AT_MOST && !environments.has(id);
    environments.add(id);
    (isNext ? batch : rest).push(each);
  }
  return { batch, rest };
}
