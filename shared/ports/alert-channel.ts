/** Something a person should look at. Ids and codes only: it leaves the platform. */
export type Alert = DeadLetterAlert | AlarmAlert;

/** A message was given up. */
export interface DeadLetterAlert {
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

/** An entry of the audit log that only a person can deal with. */
export interface AlarmAlert {
  readonly kind: 'alarm';
  readonly id: string;
  /** What happened, as `noun.verb`. */
  readonly action: string;
  readonly subject: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** What the operator should do. */
  readonly advice: string | undefined;
  readonly requestId: string;
  /** ISO 8601. */
  readonly at: string;
}

/** Where alerts go. Throws `alert_undeliverable` when an alert was not accepted, with `details.retryAfterSeconds` if that was stated. */
export interface AlertChannel {
  send(alert: Alert): Promise<void>;
}
