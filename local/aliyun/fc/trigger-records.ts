import { randomBytes, randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { alreadyExists, notFound } from './fc-errors.ts';
import { isoSeconds, recordOf } from './fc-state.ts';
import type { TriggerConfig } from './trigger-config.ts';

export interface TriggerRecord {
  readonly triggerId: string;
  readonly triggerName: string;
  readonly functionName: string;
  readonly config: TriggerConfig;
  /** The JSON string it was configured with, which is what FC answers. */
  readonly triggerConfig: string;
  readonly description?: string | undefined;
  /** First label of the URL of an HTTP trigger. */
  readonly hostLabel?: string | undefined;
  readonly createdTime: string;
  readonly lastModifiedTime: string;
}
type TriggerInput = Pick<TriggerRecord, 'config' | 'triggerConfig' | 'description'>;

export interface TriggerRecords {
  create(functionName: string, triggerName: string, trigger: TriggerInput): TriggerRecord;
  update(functionName: string, triggerName: string, trigger: TriggerInput): TriggerRecord;
  /** Throws `TriggerNotFound`. */
  get(functionName: string, triggerName: string): TriggerRecord;
  list(functionName: string): TriggerRecord[];
  all(): TriggerRecord[];
  findByHostLabel(hostLabel: string): TriggerRecord | undefined;
  delete(functionName: string, triggerName: string): void;
}

export function createTriggerRecords(database: DatabaseSync, now: () => number): TriggerRecords {
  const one = (sql: string, ...parameters: string[]) =>
    recordOf<TriggerRecord>(database.prepare(`select record from triggers where ${sql}`).get(...parameters));
  const many = (sql: string, ...parameters: string[]) =>
    database
      .prepare(`select record from triggers where ${sql} order by function_name, name`)
      .all(...parameters)
      .flatMap((row) => recordOf<TriggerRecord>(row) ?? []);
  const find = (functionName: string, triggerName: string) =>
    one('function_name = ? and name = ?', functionName, triggerName);
  const get = (functionName: string, triggerName: string) => {
    const record = find(functionName, triggerName);
    if (!record) throw notFound('Trigger', `trigger '${triggerName}' of function '${functionName}'`);
    return record;
  };
  return {
    get,
    create(functionName, triggerName, trigger) {
      if (find(functionName, triggerName)) throw alreadyExists('Trigger', `trigger '${triggerName}'`);
      const time = isoSeconds(now());
      const record: TriggerRecord = {
        triggerId: randomUUID(),
        triggerName,
        functionName,
        ...trigger,
        hostLabel: trigger.config.type === 'http' ? newHostLabel(functionName) : undefined,
        createdTime: time,
        lastModifiedTime: time,
      };
      database
        .prepare('insert into triggers (function_name, name, host_label, record) values (?, ?, ?, ?)')
        .run(functionName, triggerName, record.hostLabel ?? null, JSON.stringify(record));
      return record;
    },
    update(functionName, triggerName, trigger) {
      const record = { ...get(functionName, triggerName), ...trigger, lastModifiedTime: isoSeconds(now()) };
      database
        .prepare('update triggers set record = ? where function_name = ? and name = ?')
        .run(JSON.stringify(record), functionName, triggerName);
      return record;
    },
    list: (functionName) => many('function_name = ?', functionName),
    all: () => many('true'),
    findByHostLabel: (hostLabel) => one('host_label = ?', hostLabel),
    delete(functionName, triggerName) {
      get(functionName, triggerName);
      database.prepare('delete from triggers where function_name = ? and name = ?').run(functionName, triggerName);
    },
  };
}

/** As on FC, the address cannot be guessed from the function's name, and must be read from the trigger. */
function newHostLabel(functionName: string): string {
  const readable = functionName
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40);
  const suffix = Array.from(randomBytes(10), (byte) => 'abcdefghijklmnopqrstuvwxyz'.charAt(byte % 26)).join('');
  return [readable, suffix].filter(Boolean).join('-');
}
