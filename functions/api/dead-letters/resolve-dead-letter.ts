import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import type { DeadLetter } from '@miaobu/shared/model/outbox/dead-letter-repository';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';
import type { Actor, Operation } from '../operation.ts';
import { readDeadLetterId } from './find-dead-letter.ts';
import { presentDeadLetter } from './present-dead-letter.ts';
import { requireWorkLeft } from './require-work-left.ts';

export interface Deps {
  readonly store: Pick<Store, 'transaction'>;
  readonly doorbell: Doorbell;
}

/** Resolves a dead message once, atomically with an audit entry. */
async function resolve(
  deps: Deps,
  actor: Actor,
  shownId: string,
  resolution: 'replayed' | 'discarded',
  note: string,
  requestId: string,
): Promise<DeadLetter> {
  const id = readDeadLetterId(shownId);
  return deps.store.transaction(async (repositories) => {
    const dead = await repositories.deadLetters.resolve(id, resolution, note);
    if (!dead) throw new AppError('not_found');
    if (resolution === 'replayed') {
      await requireWorkLeft(repositories, dead);
      const { topic, lane, dedupeKey, payload, maxAttempts } = dead;
      await repositories.enqueue({ topic, lane, dedupeKey, payload, maxAttempts, requestId });
    }
    await repositories.auditLog.append({
      actor: showId('user', actor.user.id),
      action: `dead_letter.${resolution}`,
      subject: shownId,
      details: { topic: dead.topic, note },
      requestId,
    });
    return dead;
  });
}

export const replayDeadLetter =
  (deps: Deps): Operation<'replayDeadLetter'> =>
  async ({ params }, actor, { requestId }) => {
    const dead = await resolve(deps, actor, params.dead_letter, 'replayed', '', requestId);
    await deps.doorbell.ring(requestId);
    return { data: presentDeadLetter(dead) };
  };

export const discardDeadLetter =
  (deps: Deps): Operation<'discardDeadLetter'> =>
  async ({ params, body }, actor, { requestId }) => {
    const dead = await resolve(deps, actor, params.dead_letter, 'discarded', body.reason, requestId);
    return { data: presentDeadLetter(dead) };
  };
