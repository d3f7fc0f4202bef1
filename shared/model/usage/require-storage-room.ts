import { AppError } from '../../kernel/app-error.ts';
import type { Repositories } from '../repositories.ts';

const GIGABYTE = 1024 ** 3;

const refuse = (bytes: number, maxBytes: number) =>
  new AppError('limit_reached', {
    // Together with what was promised to builds, so it may be more than the usage shows.
    details: { limit: 'storage', max_bytes: maxBytes, claimed_bytes: bytes },
    message: `the files of your projects take more than the ${(maxBytes / GIGABYTE).toFixed(1)} GB that your account may store`,
  });

/**
 * Refuses to give links for contents that the account has no room for. Call it last in the transaction that notes what is wanted: of two
 * builds that ask at once the second one counts what the first was promised. Throws `limit_reached`.
 */
export async function requireRoomForUploads(
  { limits, usage }: Pick<Repositories, 'limits' | 'usage'>,
  userId: string,
): Promise<void> {
  const { maxStorageBytes } = await limits.lock(userId);
  const bytes = await usage.claimedBytes(userId);
  if (bytes > maxStorageBytes) throw refuse(bytes, maxStorageBytes);
}

/** The same for what was uploaded and verified, when it is about to be shown: by sizes that nobody merely announced. */
export async function requireRoomForContents(
  { limits, usage }: Pick<Repositories, 'limits' | 'usage'>,
  userId: string,
): Promise<void> {
  const { maxStorageBytes } = await limits.find(userId);
  const bytes = await usage.storedBytes(userId);
  if (bytes > maxStorageBytes) throw refuse(bytes, maxStorageBytes);
}
