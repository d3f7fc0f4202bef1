import type { Store } from '@miaobu/shared/model/repositories';
import type { Sweep } from './run-cleanup.ts';

const ROWS_A_STATEMENT = 1000;
/** GitHub redelivers for three days: until then a delivery must be recognised. */
const DELIVERY_DAYS = 30;
const MESSAGE_DAYS = 7;
const REPORT_DAYS = 7;
/** An exposure protects for an hour. */
const EXPOSURE_DAYS = 1;

/** Deletes rows and secrets that are no longer needed. Usage, audit records and deployments stay. */
export const forgetHistory =
  ({
    store,
  }: {
    readonly store: Pick<
      Store,
      | 'forgetMessages'
      | 'deliveries'
      | 'projects'
      | 'attempts'
      | 'routes'
      | 'rateLimits'
      | 'idempotencyKeys'
      | 'eventStreams'
    >;
  }): Sweep =>
  async ({ signal }) => {
    const parts = [
      () => store.forgetMessages(MESSAGE_DAYS, ROWS_A_STATEMENT),
      () => store.deliveries.forget(DELIVERY_DAYS, ROWS_A_STATEMENT),
      () => store.attempts.forgetReports(REPORT_DAYS, ROWS_A_STATEMENT),
      () => store.routes.forgetExposures(EXPOSURE_DAYS, ROWS_A_STATEMENT),
      () => store.projects.forgetPreviousSecrets(ROWS_A_STATEMENT),
      () => store.idempotencyKeys.forget(ROWS_A_STATEMENT),
      () => store.rateLimits.forgetFull(ROWS_A_STATEMENT),
      () => store.eventStreams.forgetLost(ROWS_A_STATEMENT),
    ];
    let forgotten = 0;
    for (const forget of parts) {
      for (let rows = ROWS_A_STATEMENT; rows === ROWS_A_STATEMENT && !signal.aborted; forgotten += rows) {
        rows = await forget();
      }
    }
    return forgotten;
  };
