import pg from 'pg';

const CONNECT_MS = 10_000;
/** Where the platform notes the migrations it has applied. */
const MIGRATIONS = 'schema_migrations';

/** An error in one sentence; Node tells of a host with several addresses in an error without a text of its own. */
function sentence(error: unknown): string {
  if (error instanceof AggregateError) return sentence(error.errors[0]);
  return error instanceof Error ? error.message || String((error as NodeJS.ErrnoException).code) : String(error);
}

/**
 * Connects to a Postgres that someone else runs, and returns whether a platform has been installed there. Throws a one-sentence error,
 * without the password, when that is not possible.
 */
export async function checkDatabase(url: string): Promise<{ readonly installed: boolean }> {
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    throw new Error('DATABASE_URL is not of the form postgres://user:password@host:5432/database');
  }
  const { host, pathname } = new URL(url);
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ installed: boolean; allowed: boolean }>(
      `select to_regclass($1) is not null as installed,
              coalesce(has_schema_privilege(current_schema(), 'create'), false) as allowed`,
      [MIGRATIONS],
    );
    if (!rows[0]?.allowed) throw new Error('its user may not create tables there');
    return { installed: rows[0].installed };
  } catch (cause) {
    throw new Error(`DATABASE_URL (${host}${pathname}) cannot be used: ${sentence(cause)}`, { cause });
  } finally {
    await client.end().catch(() => {});
  }
}
