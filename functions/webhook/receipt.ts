import { showId } from '@miaobu/shared/kernel/ids';
import type { DeliveryOutcome } from '@miaobu/shared/model/delivery/delivery-repository';

/** The outcome of a delivery. */
export interface Result {
  readonly outcome: DeliveryOutcome;
  readonly note?: string;
  readonly deploymentId?: string;
}

/** The response to GitHub, which shows it in its list of deliveries. */
export interface Receipt {
  readonly outcome: DeliveryOutcome | 'pong';
  /** The same delivery (or the same body) was received before; this repeats its answer. */
  readonly replayed: boolean;
  readonly deployment_id: string | null;
  readonly note: string | null;
}

export const PONG: Receipt = { outcome: 'pong', replayed: false, deployment_id: null, note: null };

export const receiptOf = (result: Result, replayed: boolean): Receipt => ({
  outcome: result.outcome,
  replayed,
  deployment_id: result.deploymentId === undefined ? null : showId('deployment', result.deploymentId),
  note: result.note ?? null,
});
