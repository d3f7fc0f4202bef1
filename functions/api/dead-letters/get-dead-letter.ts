import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { readDeadLetterId } from './find-dead-letter.ts';
import { presentDeadLetter } from './present-dead-letter.ts';

export const getDeadLetter =
  (deps: { readonly store: Pick<Store, 'deadLetters'> }): Operation<'getDeadLetter'> =>
  async ({ params }) => {
    const dead = await deps.store.deadLetters.find(readDeadLetterId(params.dead_letter));
    if (!dead) throw new AppError('not_found');
    return { data: presentDeadLetter(dead) };
  };
