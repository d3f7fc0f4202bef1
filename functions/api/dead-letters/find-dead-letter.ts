import { AppError } from '@miaobu/shared/kernel/app-error';
import { readId } from '@miaobu/shared/kernel/ids';

/** The database id of a dead letter. */
export function readDeadLetterId(shown: string): string {
  const id = readId('deadLetter', shown);
  if (id === undefined) throw new AppError('not_found');
  return id;
}
