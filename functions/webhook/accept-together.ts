import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Deadline } from '@miaobu/shared/kernel/deadline';
import type { AcceptedPush } from '@miaobu/shared/model/delivery/push-repository';
import type { Store } from '@miaobu/shared/model/repositories';

/** Concurrent statements: while one waits for the disk, the next batch collects. */
const UNDER_WAY = 1;
/** The most environments that one statement locks. */
const AT_MOST = 32;
/**
 * A push with less time left is refused. The statement that it shares would be limited to its time: when many wait, those that have waited
 * longest would make every statement fail.
 */
const LEAST_MS = 500;

interface Waiting {
  readonly push: AcceptedPush;
  readonly commitBy: Deadline | undefined;
  readonly resolve: (deploymentId: string | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Batches `pushes.accept`: pushes that arrive at about the same time share one statement, because a commit waits for the disk and every
 * round trip to Postgres costs about as much as the statement itself. Pushes that cannot be batched are accepted one by one, so that no
 * push fails because of another. The one with the least time left limits the statement; then the others are tried once more by themselves.
 */
export function acceptTogether(
  pushes: Pick<Store['pushes'], 'accept'>,
): (push: AcceptedPush, commitBy: Deadline | undefined) => Promise<string | undefined> {
  let waiting: Waiting[] = [];
  let underWay = 0;

  const take = async (all: readonly Waiting[]): Promise<void> => {
    const batch = all.filter(({ commitBy }) => !commitBy || commitBy.remainingMs() >= LEAST_MS);
    for (const { reject } of all.filter((each) => !batch.includes(each))) reject(tooLate());
    if (batch.length === 0) return;
    try {
      const ids = await pushes.accept(
        batch.map(({ push }) => push),
        'webhook',
        earliest(batch),
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

  return (push, commitBy) =>
    new Promise((resolve, reject) => {
      waiting.push({ push, commitBy, resolve, reject });
      // First read everything that arrived at the same time.
      begin();
    });
}

const tooLate = () => new AppError('database_unavailable', { message: 'the push has waited too long' });

/** The deadline that passes first. */
const earliest = (batch: readonly Waiting[]): Deadline | undefined =>
  batch
    .flatMap(({ commitBy }) => commitBy ?? [])
    .reduce<Deadline | undefined>(
      (first, each) => (first && first.remainingMs() <= each.remainingMs() ? first : each),
      undefined,
    );

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
