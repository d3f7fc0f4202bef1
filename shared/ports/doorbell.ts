/**
 * Wakes the `deploy` function now instead of at its next minute. Losing a ring costs at most that minute, so ringing never fails: the
 * adapter logs errors.
 */
export interface Doorbell {
  ring(requestId: string): Promise<void>;
}
