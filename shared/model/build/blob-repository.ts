import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** A file's content, named by its SHA-256 in lower-case hex. */
export interface Blob {
  readonly sha256: string;
  readonly bytes: number;
}

const bytea = (hashes: readonly string[]) => hashes.map((hash) => Buffer.from(hash, 'hex'));

/** Which contents a project's bucket holds. Only what `deploy` has read and hashed counts. */
export const blobRepository = (db: Queryable) => ({
  /**
   * Notes that a build needs these contents and returns those that are not there yet. Every one of them is safe from
   * sweeping for a day from now.
   */
  async wantMany(projectId: string, blobs: readonly Blob[]): Promise<string[]> {
    const rows = await db.query<{ sha256: Buffer }>(sql`
      insert into blobs (project_id, sha256, bytes)
      select ${projectId}::uuid, wanted.sha256, wanted.bytes
        from unnest(${bytea(blobs.map((blob) => blob.sha256))}::bytea[], ${blobs.map((blob) => blob.bytes)}::bigint[])
             as wanted (sha256, bytes)
       order by wanted.sha256
      on conflict (project_id, sha256) do update set wanted_at = db_now()
      returning sha256, verified_at is null as missing`);
    return (rows as { sha256: Buffer; missing: boolean }[])
      .filter((row) => row.missing)
      .map((row) => row.sha256.toString('hex'));
  },

  /** Those of the hashes that were verified, with their sizes. */
  async findVerified(projectId: string, hashes: readonly string[]): Promise<Map<string, number>> {
    const rows = await db.query<{ sha256: Buffer; bytes: number }>(sql`
      select sha256, bytes from blobs
       where project_id = ${projectId} and verified_at is not null and sha256 = any (${bytea(hashes)}::bytea[])`);
    return new Map(rows.map((row) => [row.sha256.toString('hex'), row.bytes]));
  },

  /** Records contents that were read back and hashed. `bytes` is what was really there. */
  async markVerified(projectId: string, blobs: readonly Blob[]): Promise<void> {
    await db.query(sql`
      insert into blobs (project_id, sha256, bytes, verified_at)
      select ${projectId}::uuid, found.sha256, found.bytes, db_now()
        from unnest(${bytea(blobs.map((blob) => blob.sha256))}::bytea[], ${blobs.map((blob) => blob.bytes)}::bigint[])
             as found (sha256, bytes)
       order by found.sha256
      on conflict (project_id, sha256) do update set verified_at = db_now(), bytes = excluded.bytes`);
  },

  /** Contents that no build has wanted for `graceSeconds`: candidates for the sweep, from just above `after`. */
  async listUnwanted(projectId: string, graceSeconds: number, limit: number, after: string): Promise<string[]> {
    const rows = await db.query<{ sha256: Buffer }>(sql`
      select sha256 from blobs
       where project_id = ${projectId} and wanted_at < db_now() - make_interval(secs => ${graceSeconds})
         and sha256 > ${Buffer.from(after, 'hex')}
       order by sha256 limit ${limit}`);
    return rows.map((row) => row.sha256.toString('hex'));
  },

  /**
   * Forgets contents before they are deleted, unless a build has wanted them meanwhile; returns those forgotten. From
   * here on a build is told to upload them again.
   */
  async forgetUnwanted(projectId: string, hashes: readonly string[], graceSeconds: number): Promise<string[]> {
    const rows = await db.query<{ sha256: Buffer }>(sql`
      delete from blobs
       where project_id = ${projectId} and sha256 = any (${bytea(hashes)}::bytea[])
         and wanted_at < db_now() - make_interval(secs => ${graceSeconds})
      returning sha256`);
    return rows.map((row) => row.sha256.toString('hex'));
  },
});
export type BlobRepository = ReturnType<typeof blobRepository>;
