import type { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import type { StoredCode } from './code-store.ts';
import { notFound } from './fc-errors.ts';
import { isoSeconds, recordOf } from './fc-state.ts';

export const layerName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/, 'layerName: letters, digits, underscores or hyphens, not a digit first');

export interface LayerVersion {
  readonly layerName: string;
  readonly version: number;
  readonly layerVersionArn: string;
  readonly description?: string | undefined;
  readonly license?: string | undefined;
  readonly compatibleRuntime?: readonly string[] | undefined;
  readonly code: StoredCode;
  readonly createTime: string;
}

export interface LayerRecords {
  /** Numbers the next version and keeps it. */
  publish(
    layerName: string,
    layer: Pick<LayerVersion, 'description' | 'license' | 'compatibleRuntime' | 'code'>,
  ): LayerVersion;
  /** Throws `LayerVersionNotFound`. */
  get(layerName: string, version: number): LayerVersion;
  getByArn(arn: string): LayerVersion;
  /** Newest first, from `startVersion` downwards, as FC lists them. */
  list(layerName: string, startVersion: number | undefined, limit: number): LayerVersion[];
  all(): LayerVersion[];
}

export function createLayerRecords(
  database: DatabaseSync,
  arnOf: (layerName: string, version: number) => string,
  now: () => number,
): LayerRecords {
  const read = (row: Record<string, unknown> | undefined) => recordOf<LayerVersion>(row);
  const find = (name: string, version: number) =>
    read(database.prepare('select record from layers where name = ? and version = ?').get(name, version));
  return {
    publish(name, layer) {
      const latest = database.prepare('select max(version) as version from layers where name = ?').get(name);
      const version = Number(latest?.version ?? 0) + 1;
      const record: LayerVersion = {
        layerName: name,
        version,
        layerVersionArn: arnOf(name, version),
        createTime: isoSeconds(now()),
        ...layer,
      };
      database
        .prepare('insert into layers (name, version, record) values (?, ?, ?)')
        .run(name, version, JSON.stringify(record));
      return record;
    },
    get(name, version) {
      const record = find(name, version);
      if (!record) throw notFound('LayerVersion', `version ${version} of layer '${name}'`);
      return record;
    },
    getByArn(arn) {
      const [, name = '', version = ''] = /:layers\/([^/]+)\/versions\/(\d+)$/.exec(arn) ?? [];
      const record = find(name, Number(version));
      if (record?.layerVersionArn !== arn) throw notFound('LayerVersion', `layer '${arn}'`);
      return record;
    },
    list: (name, startVersion, limit) =>
      database
        .prepare('select record from layers where name = ? and version <= ? order by version desc limit ?')
        .all(name, startVersion ?? Number.MAX_SAFE_INTEGER, limit)
        .flatMap((row) => read(row) ?? []),
    all: () =>
      database
        .prepare('select record from layers')
        .all()
        .flatMap((row) => read(row) ?? []),
  };
}
