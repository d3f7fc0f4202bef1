import type { Context } from '@miaobu/shared/kernel/context';
import { raiseAlarm } from '@miaobu/shared/model/audit/raise-alarm';
import type { WorkDeps } from '@miaobu/shared/model/outbox/work-outbox';
import type { Store } from '@miaobu/shared/model/repositories';

type ExpiredLeases = Awaited<ReturnType<WorkDeps['outbox']['expiredLeases']>>;

export interface Deps {
  readonly store: Pick<Store, 'transaction'>;
}

/** Leases are taken back every minute. One that ran out so long ago was missed three times. */
const LATE_SECONDS = 3 * 60;

/**
 * Alerts the operator to leases that ran out in a way that no single lost worker explains: twice in a row for the same message, which may be
 * what ends its workers, or so long ago that no worker can have run since.
 */
export const raiseLeaseAlarm =
  ({ store }: Deps, expired: ExpiredLeases) =>
  async ({ log, requestId }: Pick<Context, 'log' | 'requestId'>): Promise<void> => {
    const about = { actor: 'deploy', action: 'lease.stuck', requestId } as const;
    const repeated = expired
      .filter(({ isRepeated }) => isRepeated)
      .map(({ messageId, topic, attempts }) => ({
        ...about,
        subject: topic,
        details: { message_id: messageId, attempts },
      }));
    const [first] = expired.filter(({ lateSeconds }) => lateSeconds > LATE_SECONDS);
    const late = first && {
      ...about,
      subject: 'outbox',
      details: { late_seconds: Math.round(first.lateSeconds), topic: first.topic },
    };
    const found = [...repeated, ...(late ? [late] : [])];
    if (found.length === 0) return;
    log.warn('leases ran out', { late: late !== undefined, repeated: repeated.length });
    await store.transaction(async (repositories) => {
      for (const alarm of found) await raiseAlarm(repositories, alarm);
    });
  };
