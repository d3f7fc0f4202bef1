/** Something a person should look at. Ids and codes only: it leaves the platform. */
export interface Alert {
  readonly kind: 'dead_letter';
  readonly id: string;
  readonly topic: string;
  readonly errorClass: string | null;
  readonly error: string | null;
  readonly attempts: number;
  readonly requestId: string;
  /** ISO 8601. */
  readonly at: string;
}

/** Where alerts go. Throws `alert_undeliverable` when it was not taken. */
export interface AlertChannel {
  send(alert: Alert): Promise<void>;
}
