import type { Queryable } from '../../db/database.ts';
import { enqueue } from '../../db/outbox.ts';
import { joinSql, type Sql, sql } from '../../db/sql.ts';
import { commitStatusMessage } from './commit-status-message.ts';
import { type Deployment, isOfCommit } from './deployment.ts';
import { deploymentColumns } from './deployment-columns-sql.ts';
import { deadlineSeconds, isFinal, type Mover, type StoredStatus, sourcesOf } from './deployment-lifecycle.ts';

/** What a move may write besides the status. */
export interface MoveFields {
  readonly reason?: string;
  readonly reasonMessage?: string;
  readonly manifestSha256?: Buffer;
  readonly manifestBytes?: number;
  readonly buildSeconds?: number;
}

export interface Move {
  readonly to: StoredStatus;
  readonly by: Mover;
  readonly requestId: string;
  readonly note?: string;
  readonly set?: MoveFields;
  /** Restricts the statuses to move from, within what the lifecycle allows. */
  readonly from?: readonly StoredStatus[];
}

const ends = ({ to }: Pick<Move, 'to'>) => to === 'deployed' || (isFinal(to) && to !== 'purged');

/**
 * `with` clauses that are the only writer of `status`: a compare-and-swap that also appends the events. `moved` are the rows whose status
 * allowed the move. `requestId` may refer to `moved`.
 */
export function moving(which: Sql, move: Omit<Move, 'requestId'>, requestId: Sql): Sql {
  const sources = sourcesOf(move.to, move.by).filter((status) => move.from?.includes(status) ?? true);
  const set = move.set ?? {};
  const assignments = [
    sql`status = ${move.to}`,
    sql`status_version = status_version + 1`,
    sql`deadline_at = db_now() + make_interval(secs => ${(deadlineSeconds as Partial<Record<StoredStatus, number>>)[move.to] ?? 0})`,
  ];
  if (set.reason !== undefined) assignments.push(sql`reason = ${set.reason}`);
  if (set.reasonMessage !== undefined) assignments.push(sql`reason_message = ${set.reasonMessage}`);
  if (set.manifestSha256 !== undefined) assignments.push(sql`manifest_sha256 = ${set.manifestSha256}`);
  if (set.manifestBytes !== undefined) assignments.push(sql`manifest_bytes = ${set.manifestBytes}`);
  if (set.buildSeconds !== undefined) assignments.push(sql`build_seconds = ${set.buildSeconds}`);
  if (ends(move)) assignments.push(sql`finished_at = db_now()`);
  return sql`
    before as (
      select id, status from deployments where ${which} and status = any (${sources}::text[]) for update
    ), moved as (
      update deployments set ${joinSql(assignments, ', ')} from before where deployments.id = before.id
      returning deployments.*, before.status as from_status
    ), moved_event as (
      insert into deployment_events (deployment_id, from_status, to_status, moved_by, request_id, note)
      select id, from_status, status, ${move.by}, ${requestId}, ${move.note ?? set.reason ?? null} from moved
    )`;
}

/** Moves deployments and returns the moved ones. Final statuses are also reported as commit statuses, whoever made the move. */
export async function moveAll(db: Queryable, which: Sql, move: Move): Promise<Deployment[]> {
  const moved = await db.query<Deployment>(
    sql`with ${moving(which, move, sql`${move.requestId}`)} select ${deploymentColumns} from moved d`,
  );
  if (ends(move)) {
    await enqueue(db, ...moved.filter(isOfCommit).map((deployment) => commitStatusMessage(deployment, move.requestId)));
  }
  return moved;
}
