import { AppError } from '@miaobu/shared/kernel/app-error';
import { readId } from '@miaobu/shared/kernel/ids';

/** The database id of the user in the path. A malformed id is not found. */
export function readUserId(shown: string): string {
  const id = readId('user', shown);
  if (id === undefined) throw new AppError('not_found');
  return id;
}
