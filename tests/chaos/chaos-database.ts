import type { Database } from '@miaobu/shared/db/database';
import { sql } from '@miaobu/shared/db/sql';
import { AppError } from '@miaobu/shared/kernel/app-error';
import pg from 'pg';
import { databaseInvariants, VIOLATION_SQLSTATE } from './database-invariants.ts';
import { openSingleConnection } from './single-connection.ts';
import { Violation } from './violation.ts';
import { BEGINNING } from './virtual-clock.ts';

/** Postgres with the product's schema, with the simulator's time and ids, and with invariants watched. */
export interface ChaosDatabase {
  readonly db: Database;
  /** Empty, at the start time, with the same sequence of ids and random numbers as after any other `reset(seed)`. */
  reset(seed: number): Promise<void>;
  /** Brings `db_now()` to the simulator's clock. */
  setClock(milliseconds: number): void;
  /** Called when a statement breaks an invariant. */
  onViolation(listener: (violation: Violation) => void): void;
  close(): Promise<void>;
}

const CHECK_VIOLATION = '23514';
const TABLES = 'select tablename as name from pg_tables where schemaname = current_schema() order by 1';

// Commits need not outlive the simulation. Changing statistics would change plans, and with them the order of rows.
const repeatable = (tables: readonly string[], database: string) => `
  alter database ${database} set synchronous_commit = off;
  alter database ${database} set plan_cache_mode = force_generic_plan;
  ${tables.map((table) => `alter table ${table} set (autovacuum_enabled = false);`).join('\n')}
  create or replace function db_now() returns timestamptz language sql stable as
    $$ select timestamptz '${BEGINNING}' + make_interval(secs => current_setting('chaos.seconds')::double precision) $$;
  create sequence chaos_ids;
  create or replace function new_id() returns uuid language sql volatile as
    $$ select ('01900000-0000-7000-8000-' || lpad(nextval('chaos_ids')::text, 12, '0'))::uuid $$;
  create function chaos_reset(seed double precision) returns void language plpgsql as $$
    declare
      used text;
    begin
      select string_agg(name, ', ') into used from unnest('{${tables.join(',')}}'::text[]) name
       where pg_relation_size(name::regclass) > 0;
      -- A file is made anew for each index of each table: only of those that need it.
      if used is not null then execute 'truncate ' || used || ' cascade'; end if;
      perform setval('chaos_ids', 1, false), setval('fence_seq', 1, false), setseed(seed);
    end $$;`;

/** Prepares a migrated database for the simulator, and opens it. `changes` are a mutant's statements. */
export async function openChaosDatabase(url: string, changes?: string): Promise<ChaosDatabase> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ name: string }>(TABLES);
  const tables = rows.map(({ name }) => name).filter((name) => name !== 'pgmigrations');
  const database = client.escapeIdentifier(new URL(url).pathname.slice(1));
  await client.query(repeatable(tables, database));
  await client.query(databaseInvariants);
  if (changes) await client.query(changes);
  await client.end();

  const real = await openSingleConnection(url);
  let told: (violation: Violation) => void = () => {};
  const watch = (error: unknown): never => {
    const cause = error instanceof AppError ? error.cause : error;
    const { code, message } = (cause ?? {}) as { code?: unknown; message?: unknown };
    if (code === CHECK_VIOLATION) told(new Violation('I2', `the schema had to refuse a statement: ${message}`));
    if (code === VIOLATION_SQLSTATE) {
      const [invariant = '', ...rest] = String(message).split(': ');
      told(new Violation(invariant, rest.join(': ')));
    }
    throw error;
  };

  let seconds = 0;
  let known: number | undefined;
  /** Tells Postgres the time, outside any transaction and only when someone is about to query: nobody waits for the answer. */
  const tellTime = () => {
    if (known === seconds) return;
    known = seconds;
    void real.execute(sql`select set_config('chaos.seconds', ${String(seconds)}, false)`);
  };

  return {
    db: {
      async query(statement) {
        tellTime();
        return real.query<never>(statement).catch(watch);
      },
      async execute(statement) {
        tellTime();
        return real.execute(statement).catch(watch);
      },
      async transaction(work) {
        tellTime();
        return real.transaction(work).catch(watch);
      },
      close: () => real.close(),
    },
    async reset(seed) {
      seconds = 0;
      await real.query(sql`select chaos_reset(${(seed % 1e6) / 1e6})`);
    },
    setClock(milliseconds) {
      seconds = milliseconds / 1000;
    },
    onViolation(listener) {
      told = listener;
    },
    close: () => real.close(),
  };
}
