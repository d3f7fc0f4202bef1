import { isSeenMeanwhile } from '@miaobu/shared/model/delivery/delivery-repository';

/** For `catch`: makes undefined of the failure that says that the same delivery was recorded meanwhile. */
export function unlessSeenMeanwhile(error: unknown): undefined {
  if (!isSeenMeanwhile(error)) throw error;
}
