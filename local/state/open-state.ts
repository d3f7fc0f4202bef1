import { chmodSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * The durable state of one emulator: an SQLite file of its own (`{directory}/{name}.sqlite`), write-ahead logged, so
 * that a `kill -9` of the local cloud loses nothing that was answered. `schema` is run on every opening and must say
 * `create table if not exists`. Pass `:memory:` as the directory for a test that needs no restart.
 */
export function openState(directory: string, name: string, schema: string): DatabaseSync {
  const inMemory = directory === ':memory:';
  if (!inMemory) mkdirSync(directory, { recursive: true });
  const file = inMemory ? ':memory:' : path.join(directory, `${name}.sqlite`);
  const database = new DatabaseSync(file);
  if (!inMemory) chmodSync(file, 0o600);
  database.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on;');
  database.exec(schema);
  return database;
}
