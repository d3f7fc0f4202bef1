import type { SQLOutputValue } from 'node:sqlite';
import { openState } from '../../state/open-state.ts';
import { OssError } from './oss-error.ts';

export interface StoredObject {
  readonly bucket: string;
  readonly key: string;
  /** The file that holds the content. */
  readonly blob: string;
  readonly size: number;
  /** Unquoted, upper case: the MD5 of the content, or for `Multipart` a hash with the number of parts. */
  readonly etag: string;
  readonly crc64: string;
  readonly type: 'Normal' | 'Multipart';
  /** Answered with the object: `content-type`, `cache-control`, `x-oss-meta-…`; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly lastModified: number;
}

export interface StoredUpload {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface StoredPart {
  readonly number: number;
  readonly blob: string;
  readonly size: number;
  readonly etag: string;
}

/** Buckets, objects and unfinished uploads. A call returns the blobs it displaced, which nothing names any longer. */
export interface ObjectState {
  /** False when it exists already. */
  createBucket(name: string, createdAt: number): boolean;
  bucketCreatedAt(name: string): number | undefined;
  findObject(bucket: string, key: string): StoredObject | undefined;
  /** Throws 409 `FileAlreadyExists` when `forbidOverwrite` and the key is taken. */
  putObject(object: StoredObject, forbidOverwrite: boolean): string[];
  removeObjects(bucket: string, keys: readonly string[]): string[];
  /** In the order of the keys' UTF-8 bytes, from the key on. */
  objectsFrom(bucket: string, key: string): Iterable<StoredObject>;
  createUpload(upload: StoredUpload): void;
  findUpload(id: string): StoredUpload | undefined;
  putPart(uploadId: string, part: StoredPart): string[];
  parts(uploadId: string): StoredPart[];
  /** The object and the end of its upload in one step; as `putObject`. */
  completeUpload(uploadId: string, object: StoredObject, forbidOverwrite: boolean): string[];
  removeUpload(uploadId: string): string[];
  namesBlob(id: string): boolean;
  close(): void;
}

const schema = `
  create table if not exists bucket (
    name text primary key,
    created_at integer not null
  ) strict;
  create table if not exists object (
    bucket text not null references bucket (name),
    key text not null,
    blob text not null unique,
    size integer not null,
    etag text not null,
    crc64 text not null,
    type text not null check (type in ('Normal', 'Multipart')),
    headers text not null,
    last_modified integer not null,
    primary key (bucket, key)
  ) strict, without rowid;
  create table if not exists upload (
    id text primary key,
    bucket text not null references bucket (name),
    key text not null,
    headers text not null
  ) strict;
  create table if not exists part (
    upload text not null references upload (id) on delete cascade,
    number integer not null,
    blob text not null unique,
    size integer not null,
    etag text not null,
    primary key (upload, number)
  ) strict;
`;

type Row = Record<string, SQLOutputValue>;

const objectOf = (row: Row): StoredObject => ({
  bucket: String(row.bucket),
  key: String(row.key),
  blob: String(row.blob),
  size: Number(row.size),
  etag: String(row.etag),
  crc64: String(row.crc64),
  type: row.type === 'Multipart' ? 'Multipart' : 'Normal',
  headers: JSON.parse(String(row.headers)),
  lastModified: Number(row.last_modified),
});

const partOf = (row: Row): StoredPart => ({
  number: Number(row.number),
  blob: String(row.blob),
  size: Number(row.size),
  etag: String(row.etag),
});

export function openObjectState(directory: string): ObjectState {
  const database = openState(directory, 'oss', schema);
  const blobsOf = (rows: Row[]) => rows.map((row) => String(row.blob));
  const selectObject = database.prepare('select * from object where bucket = ? and key = ?');
  const selectUpload = database.prepare('select * from upload where id = ?');
  const deleteObject = database.prepare('delete from object where bucket = ? and key = ? returning blob');

  const transaction = <T>(work: () => T): T => {
    database.exec('begin immediate');
    try {
      const result = work();
      database.exec('commit');
      return result;
    } catch (error) {
      database.exec('rollback');
      throw error;
    }
  };

  const replaceObject = (object: StoredObject, forbidOverwrite: boolean): string[] => {
    if (forbidOverwrite && selectObject.get(object.bucket, object.key)) throw fileAlreadyExists(object.key);
    const displaced = blobsOf(deleteObject.all(object.bucket, object.key));
    database
      .prepare('insert into object values (?, ?, ?, ?, ?, ?, ?, ?, ?)')
      .run(
        object.bucket,
        object.key,
        object.blob,
        object.size,
        object.etag,
        object.crc64,
        object.type,
        JSON.stringify(object.headers),
        object.lastModified,
      );
    return displaced;
  };

  const removeUpload = (id: string): string[] => {
    const blobs = blobsOf(database.prepare('delete from part where upload = ? returning blob').all(id));
    database.prepare('delete from upload where id = ?').run(id);
    return blobs;
  };

  return {
    createBucket: (name, createdAt) =>
      database.prepare('insert into bucket values (?, ?) on conflict do nothing').run(name, createdAt).changes === 1,
    bucketCreatedAt(name) {
      const row = database.prepare('select created_at from bucket where name = ?').get(name);
      return row && Number(row.created_at);
    },
    findObject(bucket, key) {
      const row = selectObject.get(bucket, key);
      return row && objectOf(row);
    },
    putObject: (object, forbidOverwrite) => transaction(() => replaceObject(object, forbidOverwrite)),
    removeObjects: (bucket, keys) => transaction(() => keys.flatMap((key) => blobsOf(deleteObject.all(bucket, key)))),
    *objectsFrom(bucket, key) {
      const rows = database
        .prepare('select * from object where bucket = ? and key >= ? order by key')
        .iterate(bucket, key);
      for (const row of rows) yield objectOf(row);
    },
    createUpload: (upload) =>
      void database
        .prepare('insert into upload values (?, ?, ?, ?)')
        .run(upload.id, upload.bucket, upload.key, JSON.stringify(upload.headers)),
    findUpload(id) {
      const row = selectUpload.get(id);
      if (!row) return undefined;
      return {
        id,
        bucket: String(row.bucket),
        key: String(row.key),
        headers: JSON.parse(String(row.headers)),
      };
    },
    putPart: (uploadId, part) =>
      transaction(() => {
        if (!selectUpload.get(uploadId)) throw noSuchUpload(uploadId);
        const displaced = blobsOf(
          database
            .prepare('delete from part where upload = ? and number = ? returning blob')
            .all(uploadId, part.number),
        );
        database
          .prepare('insert into part values (?, ?, ?, ?, ?)')
          .run(uploadId, part.number, part.blob, part.size, part.etag);
        return displaced;
      }),
    parts: (uploadId) =>
      database.prepare('select * from part where upload = ? order by number').all(uploadId).map(partOf),
    completeUpload: (uploadId, object, forbidOverwrite) =>
      transaction(() => {
        if (!selectUpload.get(uploadId)) throw noSuchUpload(uploadId);
        return [...replaceObject(object, forbidOverwrite), ...removeUpload(uploadId)];
      }),
    removeUpload: (uploadId) => transaction(() => removeUpload(uploadId)),
    namesBlob: (id) =>
      database
        .prepare('select 1 from object where blob = ? union all select 1 from part where blob = ?')
        .get(id, id) !== undefined,
    close: () => database.close(),
  };
}

export const fileAlreadyExists = (key: string) =>
  new OssError(409, 'FileAlreadyExists', 'The object you specified already exists and can not be overwritten.', {
    Key: key,
  });

export const noSuchUpload = (uploadId: string) =>
  new OssError(
    404,
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    { UploadId: uploadId },
  );
