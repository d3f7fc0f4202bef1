import { isSeenMeanwhile } from '@miaobu/shared/model/delivery/delivery-repository';

/** For `catch`: returns undefined if the same delivery was recorded meanwhile, and rethrows anything else. */
export function unlessSeenMeanwhile(error: unknown): undefined {
  if (!isSeenMeanwhile(error)) throw error;
}
