import type { Store } from '@miaobu/shared/model/repositories';
import { findHooksInUse } from './find-hooks-in-use.ts';
import { findOverdue } from './find-overdue.ts';
import { findUnconfirmed } from './find-unconfirmed.ts';
import { findUnconnected } from './find-unconnected.ts';
import { findUnsynced } from './find-unsynced.ts';
import { renewKeys } from './renew-keys.ts';
import { requestScrub } from './request-scrub.ts';
import type { Duty, DutyName } from './run-duties.ts';

/** The implementation of each duty of `run-duties.ts`. */
export const duties = (deps: { readonly store: Store }): Readonly<Record<DutyName, Duty>> => ({
  'find-overdue': findOverdue(deps),
  'find-unsynced': findUnsynced(deps),
  'find-hooks-in-use': findHooksInUse(deps),
  'request-scrub': requestScrub(deps),
  'find-unconfirmed': findUnconfirmed(deps),
  'find-unconnected': findUnconnected(deps),
  'renew-keys': renewKeys(deps),
});
