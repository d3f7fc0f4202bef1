import { redeliverMessage } from '@miaobu/shared/model/project/redeliver-message';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Duty } from './run-duties.ts';

const IN_USE = { activeDays: 30, limit: 200 };

/** Duty: requests redelivery of failed deliveries for the hooks of active projects. */
export const findHooksInUse =
  (deps: { readonly store: Pick<Store, 'projects' | 'enqueue'> }): Duty =>
  async ({ requestId }) => {
    const inUse = await deps.store.projects.listHooksInUse(IN_USE);
    await deps.store.enqueue(...inUse.map(({ id }) => redeliverMessage(id, requestId)));
    return inUse.length;
  };
