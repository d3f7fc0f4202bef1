import { AppError } from '@miaobu/shared/kernel/app-error';
import { readId } from '@miaobu/shared/kernel/ids';
import type { Actor } from '../operation.ts';

/** To anybody but the operator these operations do not exist. */
export function assertAdmin(actor: Actor): void {
  if (!actor.user.isAdmin) throw new AppError('not_found');
}

/** The id of a dead letter in the database. */
export function readDeadLetterId(shown: string): string {
  const id = readId('deadLetter', shown);
  if (id === undefined) throw new AppError('not_found');
  return id;
}
