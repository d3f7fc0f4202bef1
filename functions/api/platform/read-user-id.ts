import { AppError } from '@miaobu/shared/kernel/app-error';
import { readId } from '@miaobu/shared/kernel/ids';

/** The id of a user as the database has it, of the one in a path. What is no such id is not found. */
export function readUserId(shown: string): string {
  const id = readId('user', shown);
  if (id === undefined) throw new AppError('not_found');
  return id;
}
