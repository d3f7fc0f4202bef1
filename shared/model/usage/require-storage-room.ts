import { AppError } from '../../kernel/app-error.ts';
import type { Repositories } from '../repositories.ts';

const GIGABYTE = 1024 ** 3;

const refuse = (bytes: number, maxBytes: number) =>
  new AppError('limit_reached', {
    // Includes what was reserved for builds, so it may exceed the reported usage.
    details: { limit: 'storage', max_bytes: maxBytes, claimed_bytes: bytes },
    message: `the files of your projects take more than the ${(maxBytes / GIGABYTE).toFixed(1)} GB that your account may store`,
  });

/**
 * Refuses upload links for contents that would exceed the account's storage. Call it last in the transaction that records the wanted
 * contents: of two concurrent builds the second counts what was reserved for the first. Throws `limit_reached`.
 */
export async function requireRoomForUploads(
  { limits, usage }: Pick<Repositories, 'limits' | 'usage'>,
  userId: string,
): Promise<void> {
  const { maxStorageBytes } = await limits.lock(userId);
  const bytes = await usage.claimedBytes(userId);
  if (bytes > maxStorageBytes) throw refuse(bytes, maxStorageBytes);
}

/** The same check before uploaded and verified contents are shown, by actual instead of announced sizes. */
export async function requireRoomForContents(
  { limits, usage }: Pick<Repositories, 'limits' | 'usage'>,
  userId: string,
): Promise<void> {
  const { maxStorageBytes } = await limits.find(userId);
  const bytes = await usage.storedBytes(userId);
  if (bytes > maxStorageBytes) throw refuse(bytes, maxStorageBytes);
}
