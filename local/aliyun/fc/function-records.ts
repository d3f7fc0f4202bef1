import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { StoredCode } from './code-store.ts';
import { alreadyExists, notFound } from './fc-errors.ts';
import { isoSeconds, recordOf } from './fc-state.ts';
import type { FunctionSettings } from './function-settings.ts';

/** A function as it is configured now. */
export interface FunctionRecord {
  readonly functionId: string;
  readonly functionName: string;
  readonly settings: FunctionSettings;
  readonly code: StoredCode;
  readonly createdTime: string;
  readonly lastModifiedTime: string;
}

export interface FunctionRecords {
  create(functionName: string, settings: FunctionSettings, code: StoredCode): FunctionRecord;
  update(functionName: string, settings: FunctionSettings, code: StoredCode): FunctionRecord;
  /** Throws `FunctionNotFound`. */
  get(functionName: string): FunctionRecord;
  find(functionName: string): FunctionRecord | undefined;
  /** By name, those after `after`, at most `limit`. */
  list(options: { prefix: string; after: string; limit: number }): FunctionRecord[];
  all(): FunctionRecord[];
  delete(functionName: string): void;
  reservedConcurrency(functionName: string): number | undefined;
  /** `undefined` removes the reservation. */
  reserveConcurrency(functionName: string, instances: number | undefined): void;
}

export function createFunctionRecords(database: DatabaseSync, now: () => number): FunctionRecords {
  const find = (functionName: string) =>
    recordOf<FunctionRecord>(database.prepare('select record from functions where name = ?').get(functionName));
  const get = (functionName: string) => {
    const record = find(functionName);
    if (!record) throw notFound('Function', `function '${functionName}'`);
    return record;
  };
  const rows = (sql: string, ...parameters: (string | number)[]) =>
    database
      .prepare(sql)
      .all(...parameters)
      .flatMap((row) => recordOf<FunctionRecord>(row) ?? []);
  return {
    find,
    get,
    create(functionName, settings, code) {
      if (find(functionName)) throw alreadyExists('Function', `function '${functionName}'`);
      const time = isoSeconds(now());
      const record: FunctionRecord = {
        functionId: randomUUID(),
        functionName,
        settings,
        code,
        createdTime: time,
        lastModifiedTime: time,
      };
      database.prepare('insert into functions (name, record) values (?, ?)').run(functionName, JSON.stringify(record));
      return record;
    },
    update(functionName, settings, code) {
      const record = { ...get(functionName), settings, code, lastModifiedTime: isoSeconds(now()) };
      database.prepare('update functions set record = ? where name = ?').run(JSON.stringify(record), functionName);
      return record;
    },
    list: ({ prefix, after, limit }) =>
      rows(
        'select record from functions where substr(name, 1, length(?)) = ? and name > ? order by name limit ?',
        prefix,
        prefix,
        after,
        limit,
      ),
    all: () => rows('select record from functions order by name'),
    delete: (functionName) => void database.prepare('delete from functions where name = ?').run(functionName),
    reservedConcurrency(functionName) {
      const row = database
        .prepare('select instances from reserved_concurrency where function_name = ?')
        .get(functionName);
      return row === undefined ? undefined : Number(row.instances);
    },
    reserveConcurrency(functionName, instances) {
      database.prepare('delete from reserved_concurrency where function_name = ?').run(functionName);
      if (instances === undefined) return;
      database
        .prepare('insert into reserved_concurrency (function_name, instances) values (?, ?)')
        .run(functionName, instances);
    },
  };
}
