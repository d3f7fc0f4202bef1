import type { Queryable } from '../../db/database.ts';
import { type Sql, sql } from '../../db/sql.ts';
import { AppError } from '../../kernel/app-error.ts';

/** A file's content, identified by its SHA-256 in lower-case hex. */
export interface Blob {
  readonly sha256: string;
  readonly bytes: number;
}

/** Seconds a content must have gone unrequested by builds before it may be deleted. */
export interface ContentGrace {
  readonly verified: number;
  readonly unverified: number;
}

/** Contents reserved for deletion by the caller, for a while. */
export interface Doom {
  readonly hashes: readonly string[];
  readonly doomedAt: Date;
}

/** A deletion must start within this time after its contents were doomed. */
export const DELETE_WITHIN_SECONDS = 5;
/**
 * From here on no deletion of a doomed content can be running, whether or not its end was observed: calls to the store time out after 60
 * seconds. The content may be doomed again, or wanted.
 */
const DELETION_SECONDS = 120;
/** How soon to retry: most deletions take less than a second. */
const SOON_SECONDS = 2;
/** The longest that a builder waits at a time. */
const LONGEST_WAIT_SECONDS = 60;

const bytea = (hashes: readonly string[]) => hashes.map((hash) => Buffer.from(hash, 'hex'));
const hashesOf = (rows: readonly { readonly sha256: Buffer }[]) => rows.map(({ sha256 }) => sha256.toString('hex'));
const isNotBeingDeleted = (doomedAt: Sql) =>
  sql`(${doomedAt} is null or ${doomedAt} < db_now() - make_interval(secs => ${DELETION_SECONDS}))`;
const isUnwanted = (grace: ContentGrace) => sql`
  ${isNotBeingDeleted(sql`doomed_at`)}
  and wanted_at < db_now() - make_interval(
        secs => case when verified_at is null then ${grace.unverified}::float8 else ${grace.verified}::float8 end)`;

/**
 * Which contents a project's folder of the bucket holds, or may hold: there is no object without a row. Only what `deploy` has read and
 * hashed counts as present. A content is deleted in three steps, so that a deletion never races an upload: it is doomed, its object is
 * deleted, then its row (or the doom ends, when builds want it). In between, builds are only told to retry.
 */
export const blobRepository = (db: Queryable) => {
  /** Seconds until those of the contents that are being deleted can be requested again. */
  async function secondsToWait(projectId: string, hashes: readonly string[]): Promise<number> {
    const [row] = await db.query<{ age: number | null }>(sql`
      select extract(epoch from db_now() - max(doomed_at))::float8 as age from blobs
       where project_id = ${projectId} and sha256 = any (${bytea(hashes)}::bytea[])`);
    const age = row?.age ?? 0;
    if (age <= DELETE_WITHIN_SECONDS) return SOON_SECONDS;
    return Math.min(LONGEST_WAIT_SECONDS, Math.max(1, Math.ceil(DELETION_SECONDS - age)));
  }

  async function doom(projectId: string, hashes: readonly string[], which: Sql): Promise<Doom | undefined> {
    // Locked in the same order as builds lock them. Milliseconds survive the round trip unchanged.
    const rows = await db.query<{ sha256: Buffer; doomedAt: Date }>(sql`
      with chosen as materialized (
        select sha256 from blobs
         where project_id = ${projectId} and sha256 = any (${bytea(hashes)}::bytea[]) and ${which}
         order by sha256 for update
      )
      update blobs b set doomed_at = date_trunc('milliseconds', db_now()), verified_at = null
        from chosen where b.project_id = ${projectId} and b.sha256 = chosen.sha256
      returning b.sha256, b.doomed_at`);
    const [first] = rows;
    return first && { hashes: hashesOf(rows), doomedAt: first.doomedAt };
  }

  return {
    /**
     * Records that a build needs these contents (no duplicates) and returns those that are missing. The sweep leaves all of them alone
     * for its grace period. For unverified contents the largest announced size counts. Throws `content_being_deleted`; outside a
     * transaction the others are recorded all the same.
     */
    async wantMany(projectId: string, blobs: readonly Blob[]): Promise<string[]> {
      const hashes = blobs.map((blob) => blob.sha256);
      const rows = await db.query<{ sha256: Buffer; missing: boolean }>(sql`
        insert into blobs as b (project_id, sha256, bytes)
        select ${projectId}::uuid, wanted.sha256, wanted.bytes
          from unnest(${bytea(hashes)}::bytea[], ${blobs.map((blob) => blob.bytes)}::bigint[]) as wanted (sha256, bytes)
         order by wanted.sha256
        on conflict (project_id, sha256) do update
          set wanted_at = db_now(), doomed_at = null,
              bytes = case when b.verified_at is null then greatest(b.bytes, excluded.bytes) else b.bytes end
          where ${isNotBeingDeleted(sql`b.doomed_at`)}
        returning sha256, verified_at is null as missing`);
      if (rows.length < blobs.length) {
        const retryAfterSeconds = await secondsToWait(projectId, hashes);
        throw new AppError('content_being_deleted', { details: { retryAfterSeconds } });
      }
      return hashesOf(rows.filter((row) => row.missing));
    },

    /** Which of the hashes were verified, with their sizes. */
    async findVerified(projectId: string, hashes: readonly string[]): Promise<Map<string, number>> {
      const rows = await db.query<{ sha256: Buffer; bytes: number }>(sql`
        select sha256, bytes from blobs
         where project_id = ${projectId} and verified_at is not null and sha256 = any (${bytea(hashes)}::bytea[])`);
      return new Map(rows.map((row) => [row.sha256.toString('hex'), row.bytes]));
    },

    /** Records contents that were read back and hashed. `bytes` is the size that was read. */
    async markVerified(projectId: string, blobs: readonly Blob[]): Promise<void> {
      await db.query(sql`
        insert into blobs (project_id, sha256, bytes, verified_at)
        select ${projectId}::uuid, found.sha256, found.bytes, db_now()
          from unnest(${bytea(blobs.map((blob) => blob.sha256))}::bytea[], ${blobs.map((blob) => blob.bytes)}::bigint[])
               as found (sha256, bytes)
         order by found.sha256
        on conflict (project_id, sha256) do update set verified_at = db_now(), bytes = excluded.bytes`);
    },

    /** Contents that no build has wanted for the grace period: candidates for the sweep, starting above `after`. */
    async listUnwanted(projectId: string, grace: ContentGrace, limit: number, after: string): Promise<string[]> {
      return hashesOf(
        await db.query(sql`
          select sha256 from blobs
           where project_id = ${projectId} and ${isUnwanted(grace)} and sha256 > ${Buffer.from(after, 'hex')}
           order by sha256 limit ${limit}`),
      );
    },

    /**
     * Dooms contents that no build has wanted meanwhile and nobody else is deleting. The caller must start deleting their objects within
     * `DELETE_WITHIN_SECONDS`, or not at all. On failure they stay doomed and become candidates again later.
     */
    doomUnwanted: (projectId: string, hashes: readonly string[], grace: ContentGrace): Promise<Doom | undefined> =>
      doom(projectId, hashes, isUnwanted(grace)),

    /**
     * The same for contents that turned out not to be what their names say, and that nobody has verified meanwhile. Builds do want them:
     * end it with `endDeletion`, so that they need not wait.
     */
    doomWrong: (projectId: string, hashes: readonly string[]): Promise<Doom | undefined> =>
      doom(projectId, hashes, sql`verified_at is null and ${isNotBeingDeleted(sql`doomed_at`)}`),

    /**
     * The objects of doomed contents are gone, and builds may upload them again. The rows stay, because the link to an upload may have been
     * given out before. Nothing is taken for verified, not even what this came too late for.
     */
    async endDeletion(projectId: string, { hashes, doomedAt }: Doom): Promise<void> {
      await db.query(sql`
        with held as materialized (
          select sha256 from blobs
           where project_id = ${projectId} and sha256 = any (${bytea(hashes)}::bytea[]) order by sha256 for update
        )
        update blobs b set verified_at = null, doomed_at = nullif(b.doomed_at, ${doomedAt})
          from held where b.project_id = ${projectId} and b.sha256 = held.sha256`);
    },

    /**
     * Deletes the rows of doomed contents whose objects are gone. Returns those for which this came too late: after `DELETION_SECONDS`
     * somebody else may have wanted and uploaded them before our deletion arrived. They no longer count as verified.
     */
    async forgetDoomed(projectId: string, { hashes, doomedAt }: Doom): Promise<string[]> {
      return hashesOf(
        await db.query(sql`
          with held as materialized (
            select sha256, doomed_at = ${doomedAt} as is_ours from blobs
             where project_id = ${projectId} and sha256 = any (${bytea(hashes)}::bytea[])
             order by sha256 for update
          ), forgotten as (
            delete from blobs b using held where b.project_id = ${projectId} and b.sha256 = held.sha256 and held.is_ours
          )
          update blobs b set verified_at = null
            from held where b.project_id = ${projectId} and b.sha256 = held.sha256 and held.is_ours is not true
          returning b.sha256`),
      );
    },
  };
};
