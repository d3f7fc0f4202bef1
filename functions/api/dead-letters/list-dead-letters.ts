import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { pageOf, readCursor } from '../page-of.ts';
import { presentDeadLetter } from './present-dead-letter.ts';

export const listDeadLetters =
  (deps: { readonly store: Pick<Store, 'deadLetters'> }): Operation<'listDeadLetters'> =>
  async ({ query }) => {
    const beforeId = readCursor('deadLetter', query.cursor);
    const found = await deps.store.deadLetters.list({ limit: query.limit + 1, beforeId, topic: query.topic });
    const { rows, nextCursor } = pageOf('deadLetter', found, query.limit);
    return { data: rows.map(presentDeadLetter), nextCursor };
  };
