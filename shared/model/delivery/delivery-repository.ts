import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

export type DeliveryOutcome = 'accepted' | 'duplicate_head' | 'stale' | 'skipped' | 'ignored';

export interface Delivery {
  readonly id: string;
  readonly deliveryGuid: string;
  readonly bodySha256: Buffer;
  readonly outcome: DeliveryOutcome;
  readonly note: string | null;
  readonly deploymentId: string | null;
}

export interface NewDelivery {
  readonly projectId: string;
  readonly deliveryGuid: string;
  readonly event: string;
  readonly ref: string | null;
  readonly beforeSha: string | null;
  readonly afterSha: string | null;
  readonly pushedAt: number | null;
  readonly bodySha256: Buffer;
  readonly requestId: string;
}

const columns = sql`id, delivery_guid, body_sha256, outcome, note, deployment_id`;

/** The inbox of webhook deliveries. */
export const deliveryRepository = (db: Queryable) => ({
  /**
   * Records a delivery that was not seen before and returns its id; undefined when its GUID or its body is already there.
   * Two at the same time: the second waits for the first's commit. The outcome is `ignored` until `decide` says otherwise.
   */
  async insertNew(delivery: NewDelivery): Promise<string | undefined> {
    const [row] = await db.query<{ id: string }>(sql`
      insert into webhook_deliveries (
        project_id, delivery_guid, event, ref, before_sha, after_sha, pushed_at, body_sha256, outcome, request_id
      ) values (
        ${delivery.projectId}, ${delivery.deliveryGuid}, ${delivery.event}, ${delivery.ref}, ${delivery.beforeSha},
        ${delivery.afterSha}, ${delivery.pushedAt}, ${delivery.bodySha256}, 'ignored', ${delivery.requestId}
      ) on conflict do nothing returning id`);
    return row?.id;
  },

  /** The delivery that made a new one a repetition; counts the sighting. */
  async findSeen(projectId: string, deliveryGuid: string, bodySha256: Buffer): Promise<Delivery | undefined> {
    const [row] = await db.query<Delivery>(sql`
      update webhook_deliveries set seen_count = seen_count + 1
       where id = (
         select id from webhook_deliveries
          where project_id = ${projectId} and (delivery_guid = ${deliveryGuid} or body_sha256 = ${bodySha256})
          order by delivery_guid = ${deliveryGuid} desc limit 1)
      returning ${columns}`);
    return row;
  },

  /** Forgets deliveries that came so many days ago. Returns how many, at most `limit`. */
  async forget(olderThanDays: number, limit: number): Promise<number> {
    const rows = await db.query(sql`
      delete from webhook_deliveries where id in (
        select id from webhook_deliveries where received_at < db_now() - make_interval(days => ${olderThanDays})
         order by received_at limit ${limit})
      returning 1`);
    return rows.length;
  },

  async decide(
    id: string,
    decision: { outcome: DeliveryOutcome; note?: string; deploymentId?: string },
  ): Promise<void> {
    await db.query(sql`
      update webhook_deliveries
         set outcome = ${decision.outcome}, note = ${decision.note ?? null}, deployment_id = ${decision.deploymentId ?? null}
       where id = ${id}`);
  },
});
export type DeliveryRepository = ReturnType<typeof deliveryRepository>;
