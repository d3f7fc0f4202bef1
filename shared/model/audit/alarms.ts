/** Everything that raises an alarm, each with what the operator should do. `docs/alarms.md` says what each means. */
export const alarms = {
  'access.refused':
    'Do what `remedy` in the details says. Work that needs this access is retried meanwhile, as in an outage.',
  'cleanup.late': 'Look at the log of cleanup, and whether its hourly timer is enabled.',
  'deployment.incomplete': 'Restore the missing files from a backup of the bucket, or deploy the commit again.',
  'edge.ahead':
    'Find out which commits of the database were lost: a failover to a replica that lagged, or a restored backup. Pushes are found again by themselves; settings, variables and tokens changed in that time are not.',
  'edge.diverged':
    'Look for a second writer of this Edge KV namespace: another installation, a script, a person. If there is none, ask ESA.',
  'inventory.refused':
    'Check that this database is the right and the newest one for this bucket. If it is, delete the orphans by hand.',
  'lease.stuck':
    'Look at the log of deploy for the message or the time named: out of memory, a timeout, a timer that does not fire.',
  'message.delayed':
    'Read the error named, and the status page of the provider that this topic needs. It is retried for hours.',
  'outbox.behind': 'See whether a provider is down (its circuit breaker is open) or deploy has too few instances.',
  'secret.unreadable':
    'Check the root key. If it is right, the stored value was changed or moved: restore it from a backup.',
} as const;

export type Alarm = keyof typeof alarms;

/** What the operator should do about an alarm; undefined for other entries of the audit log. */
export const adviceOn = (action: string): string | undefined =>
  Object.hasOwn(alarms, action) ? alarms[action as Alarm] : undefined;
