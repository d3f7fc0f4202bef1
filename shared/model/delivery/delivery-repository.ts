import type { Queryable } from '../../db/database.ts';
import { isUniqueViolation } from '../../db/postgres-error.ts';
import { type Sql, sql } from '../../db/sql.ts';
import type { Deadline } from '../../kernel/deadline.ts';

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
  readonly outcome: DeliveryOutcome;
  readonly note?: string;
  readonly deploymentId?: string;
}

const columns = sql`id, delivery_guid, body_sha256, outcome, note, deployment_id`;

/** Whether a transaction failed because its delivery is already recorded. */
export const isSeenMeanwhile = (error: unknown) =>
  isUniqueViolation(error, 'webhook_deliveries_project_id_delivery_guid_key') ||
  isUniqueViolation(error, 'webhook_deliveries_project_id_body_sha256_key') ||
  // A delivery queues each deployment once.
  isUniqueViolation(error, 'deployments_environment_id_dedupe_key_key');

const deliveriesJson = (deliveries: readonly NewDelivery[]): string =>
  JSON.stringify(
    deliveries.map((delivery, n) => ({
      n,
      project_id: delivery.projectId,
      delivery_guid: delivery.deliveryGuid,
      event: delivery.event,
      ref: delivery.ref,
      before_sha: delivery.beforeSha,
      after_sha: delivery.afterSha,
      pushed_at: delivery.pushedAt,
      body_sha256: delivery.bodySha256.toString('hex'),
      outcome: delivery.outcome,
      note: delivery.note,
      deployment_id: delivery.deploymentId,
      request_id: delivery.requestId,
    })),
  );

/**
 * The statement that records deliveries. As part of a larger one, it records those with a row in `made (n, id)`, where `n` is their index
 * in the list and `id` the deployment's.
 */
export const insertingDeliveries = (deliveries: readonly NewDelivery[], made?: Sql): Sql => sql`
  insert into webhook_deliveries (
    project_id, delivery_guid, event, ref, before_sha, after_sha, pushed_at, body_sha256, outcome, note, deployment_id,
    request_id
  )
  select w.project_id, w.delivery_guid, w.event, w.ref, w.before_sha, w.after_sha, w.pushed_at, decode(w.body_sha256, 'hex'),
         w.outcome, w.note, ${made ? sql`made.id` : sql`w.deployment_id`}, w.request_id
    from jsonb_to_recordset(${deliveriesJson(deliveries)}::jsonb) as w (
           n integer, project_id uuid, delivery_guid text, event text, ref text, before_sha text, after_sha text,
           pushed_at bigint, body_sha256 text, outcome text, note text, deployment_id uuid, request_id text)
    ${made ? sql`join ${made} as made on made.n = w.n` : sql``}`;

/** The inbox of webhook deliveries, used for deduplication. */
export const deliveryRepository = (db: Queryable) => ({
  /**
   * Records a delivery and its outcome. A duplicate GUID or body makes the transaction fail (`isSeenMeanwhile`); of two concurrent ones
   * the second waits for the first's commit.
   */
  async insert(delivery: NewDelivery): Promise<void> {
    await db.execute(insertingDeliveries([delivery]));
  },

  /** The recorded delivery that a new one repeats; counts the repetition. */
  async findSeen(
    projectId: string,
    deliveryGuid: string,
    bodySha256: Buffer,
    deadline?: Deadline,
  ): Promise<Delivery | undefined> {
    const [row] = await db.query<Delivery>(
      sql`
      update webhook_deliveries set seen_count = seen_count + 1
       where id = (
         select id from webhook_deliveries
          where project_id = ${projectId} and (delivery_guid = ${deliveryGuid} or body_sha256 = ${bodySha256})
          order by delivery_guid = ${deliveryGuid} desc limit 1)
      returning ${columns}`,
      deadline,
    );
    return row;
  },

  /** Deletes deliveries received more than this many days ago. Returns how many, at most `limit`. */
  async forget(olderThanDays: number, limit: number): Promise<number> {
    const rows = await db.query(sql`
      delete from webhook_deliveries where id in (
        select id from webhook_deliveries where received_at < db_now() - make_interval(days => ${olderThanDays})
         order by received_at limit ${limit})
      returning 1`);
    return rows.length;
  },
});
