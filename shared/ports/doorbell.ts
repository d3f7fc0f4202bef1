/**
 * Wakes the `deploy` function now instead of at its next minute. Losing a ring costs at most that minute, so ringing
 * never fails: what went wrong is logged by the adapter.
 */
export interface Doorbell {
  ring(requestId: string): Promise<void>;
}
