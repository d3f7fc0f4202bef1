import type { Database, Queryable } from '@miaobu/shared/db/database';
import type { Sql } from '@miaobu/shared/db/sql';
import { AppError } from '@miaobu/shared/kernel/app-error';
import pg from 'pg';

const BIGINT = 20;
const UNSTORABLE_TEXT = ['22021', '22P05'];

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === BIGINT && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format),
};

const camelCase = (name: string) => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** Statements issued before anything is awaited are sent in one write, as the product does. */
function gatherWrites(client: pg.Client & { readonly connection?: pg.Connection }): void {
  const stream = client.connection?.stream;
  if (!stream || stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(() => stream.uncork());
}

/**
 * A `Database` that behaves like the product's, on one connection: the simulator runs one actor at a time. Each
 * statement is prepared once, because a run sends thousands of the same few.
 */
export async function openSingleConnection(url: string): Promise<Database> {
  const client = new pg.Client({ connectionString: url, types, pipeline: true });
  await client.connect();
  const names = new Map<string, { readonly name: string; columns?: string[] }>();

  async function run<Row>({ text, values }: Sql): Promise<Row[]> {
    const statement = names.get(text) ?? { name: `s${names.size}` };
    names.set(text, statement);
    gatherWrites(client);
    const { rows, fields } = await client.query<unknown[]>({
      name: statement.name,
      text,
      values: [...values],
      rowMode: 'array',
    });
    statement.columns ??= fields.map((field) => camelCase(field.name));
    const { columns } = statement;
    return rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index]]))) as Row[];
  }

  const translate = (error: unknown) =>
    error instanceof pg.DatabaseError && UNSTORABLE_TEXT.includes(error.code ?? '')
      ? new AppError('invalid_request', { cause: error })
      : error;

  const transaction: Queryable = { query: run, execute: async (statement) => void (await run(statement)) };
  const query = <Row>(statement: Sql) =>
    run<Row>(statement).catch((error: unknown) => {
      throw translate(error);
    });
  return {
    query,
    execute: async (statement) => void (await query(statement)),
    async transaction(work) {
      gatherWrites(client);
      // Not awaited: if it fails, so does everything after it.
      client.query('begin').catch(() => {});
      try {
        const result = await work(transaction);
        await client.query('commit');
        return result;
      } catch (error) {
        await client.query('rollback');
        throw translate(error);
      }
    },
    close: () => client.end(),
  };
}
