import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { openState } from '../../state/open-state.ts';

export interface DnsRecord {
  readonly id: string;
  readonly domain: string;
  /** The name within the domain: `www`, or `@` for the domain itself. */
  readonly rr: string;
  readonly type: string;
  readonly value: string;
  readonly ttl: number;
}

const SCHEMA = `
create table if not exists records (
  id text primary key,
  domain text not null,
  rr text not null,
  type text not null,
  value text not null,
  ttl integer not null
) strict;
create index if not exists records_by_name on records (domain, rr);
`;

/** The durable records of all domains of the account. */
export function openDnsRecords(directory: string) {
  const database = openState(directory, 'alidns', SCHEMA);
  return {
    at: (domain: string, rr: string) => many(database, 'where domain = ? and rr = ? order by id', domain, rr),
    byId: (id: string) => many(database, 'where id = ?', id)[0],
    save({ id, domain, rr, type, value, ttl }: DnsRecord): void {
      database
        .prepare('insert or replace into records (id, domain, rr, type, value, ttl) values (?, ?, ?, ?, ?, ?)')
        .run(id, domain, rr, type, value, ttl);
    },
    delete(id: string): void {
      database.prepare('delete from records where id = ?').run(id);
    },
    close: () => database.close(),
  };
}

function many(database: DatabaseSync, where: string, ...values: string[]): DnsRecord[] {
  return database
    .prepare(`select * from records ${where}`)
    .all(...values)
    .map(toRecord);
}

const toRecord = (row: Record<string, SQLOutputValue>): DnsRecord => ({
  id: String(row.id),
  domain: String(row.domain),
  rr: String(row.rr),
  type: String(row.type),
  value: String(row.value),
  ttl: Number(row.ttl),
});
