import { AppError } from '../../kernel/app-error.ts';
import { DELETE_WITHIN_SECONDS, type Doom } from './blob-repository.ts';

/**
 * Dooms contents, for a caller who deletes their objects at once. Throws `database_unavailable` when the answer took longer than
 * `DELETE_WITHIN_SECONDS`: by the time the deletion arrived, a build could have uploaded the same contents again.
 */
export async function doomInTime(
  monotonicMs: () => number,
  doom: () => Promise<Doom | undefined>,
): Promise<Doom | undefined> {
  const begun = monotonicMs();
  const doomed = await doom();
  if (doomed && monotonicMs() - begun > DELETE_WITHIN_SECONDS * 1000) {
    throw new AppError('database_unavailable', { message: 'the database took too long: it is too late to delete' });
  }
  return doomed;
}
