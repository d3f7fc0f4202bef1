import type { Client, Column, ColumnValue, KeyColumn, PutInBatch, Row } from 'tablestore';
import { AppError } from '../../kernel/app-error.ts';
import type { BuildLog, BuildLogChunk, BuildLogEntry } from '../../ports/build-log.ts';

export interface TablestoreBuildLogConfig {
  /** With scheme, e.g. `https://miaobu.cn-hangzhou.vpc.tablestore.aliyuncs.com`. */
  readonly endpoint: string;
  readonly instance: string;
  readonly table: string;
  /** Asked before every call: the credentials of a function's role change. */
  readonly credentials: () => {
    readonly accessKeyId: string;
    readonly accessKeySecret: string;
    readonly securityToken?: string | undefined;
  };
  /** How long chunks are kept; at least a day. */
  readonly timeToLiveSeconds: number;
  /** For one call, from beginning to end. */
  readonly timeoutMs?: number;
}

export interface TablestoreBuildLog extends BuildLog {
  /**
   * Creates the table, or gives the existing one the configured time to live. For a release, not for a request: a new
   * table takes about a minute to serve, during which calls fail with `log_store_unavailable`.
   */
  ensureTable(): Promise<void>;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const KEY = [
  { name: 'deployment_id', type: 'STRING' },
  { name: 'attempt', type: 'INTEGER' },
  { name: 'chunk', type: 'INTEGER' },
] as const;
const BATCH_ROWS = 200;
/** Below the 4 MB of one BatchWriteRow, which count the names and keys of 200 rows too. */
const BATCH_BYTES = 3.5 * 1024 * 1024;

/** The SDK weighs 800 KB and 40 ms: whoever keeps no log does not load it. */
const loadSdk = async () => (await import('tablestore')).default;
type Sdk = Awaited<ReturnType<typeof loadSdk>>;

/** Build logs in a Tablestore table of their own: a row a chunk, under (deployment, attempt, chunk). */
export function tablestoreBuildLog(config: TablestoreBuildLogConfig): TablestoreBuildLog {
  const tableName = config.table;
  const timeoutMs = config.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const tableOptions = { timeToLive: config.timeToLiveSeconds, maxVersions: 1 };

  const call = async <Result>(run: (client: Client, sdk: Sdk) => Promise<Result>): Promise<Result> => {
    const sdk = await loadSdk();
    const { accessKeyId, accessKeySecret, securityToken } = config.credentials();
    const client = new sdk.Client({
      endpoint: config.endpoint,
      instancename: config.instance,
      accessKeyId,
      accessKeySecret,
      ...(securityToken === undefined ? {} : { securityToken }),
      // Its default is 20, for up to a minute; the callers here have their own.
      maxRetries: 0,
      httpOptions: { timeout: timeoutMs },
    });
    try {
      return await before(timeoutMs, run(client, sdk));
    } catch (error) {
      throw asAppError(error);
    }
  };

  const key = (sdk: Sdk, deploymentId: string, position?: Position): KeyColumn[] => [
    { deployment_id: deploymentId },
    { attempt: position ? sdk.Long.fromNumber(position.attempt) : sdk.INF_MIN },
    { chunk: position ? sdk.Long.fromNumber(position.chunk) : sdk.INF_MIN },
  ];
  const endKey = (sdk: Sdk, deploymentId: string): KeyColumn[] => [
    { deployment_id: deploymentId },
    { attempt: sdk.INF_MAX },
    { chunk: sdk.INF_MAX },
  ];

  /** Rows from `start` on. A page may come back empty with more behind it: only the last one says that there is nothing. */
  const readForward = async (deploymentId: string, start: Position | undefined, limit: number) => {
    let from: Position | undefined = start;
    for (;;) {
      const page = await call((client, sdk) =>
        client.getRange({
          tableName,
          direction: 'FORWARD',
          inclusiveStartPrimaryKey: key(sdk, deploymentId, from),
          exclusiveEndPrimaryKey: endKey(sdk, deploymentId),
          limit,
        }),
      );
      const hasMore = page.nextStartPrimaryKey !== null;
      if (page.rows.length > 0 || !hasMore) return { chunks: page.rows.map(storedChunk), hasMore };
      from = positionOf(page.nextStartPrimaryKey ?? []);
    }
  };

  const latestAttempt = async (deploymentId: string): Promise<number | undefined> => {
    const { rows } = await call((client, sdk) =>
      client.getRange({
        tableName,
        direction: 'BACKWARD',
        inclusiveStartPrimaryKey: endKey(sdk, deploymentId),
        exclusiveEndPrimaryKey: key(sdk, deploymentId),
        columnsToGet: ['at'],
        limit: 1,
      }),
    );
    return rows[0] && positionOf(rows[0].primaryKey).attempt;
  };

  return {
    async append({ deploymentId, attempt }, chunks) {
      for (const batch of batches(firstOfEach(chunks))) {
        const { tables: results } = await call((client, sdk) => {
          const condition = new sdk.Condition(sdk.RowExistenceExpectation.EXPECT_NOT_EXIST, null);
          const rows = batch.map(
            ({ chunk, at, text }): PutInBatch => ({
              type: 'PUT',
              condition,
              primaryKey: key(sdk, deploymentId, { attempt, chunk }),
              attributeColumns: [{ at: sdk.Long.fromNumber(at.getTime()) }, { text }],
            }),
          );
          return client.batchWriteRow({ tables: [{ tableName, rows }] });
        });
        for (const { isOk, errorCode, errorMessage } of results) {
          if (!isOk && errorCode !== 'OTSConditionCheckFail') throw otsAppError(errorCode ?? '', errorMessage ?? '');
        }
      }
    },

    async read({ deploymentId }, { after, limit, ended = false }) {
      const position = after === undefined ? undefined : parseCursor(after);
      const start = position && { attempt: position.attempt, chunk: position.chunk + 1 };
      const { chunks, hasMore } = await readForward(deploymentId, start, limit);
      const gaps = ended ? [] : gapsIn(chunks, position);
      const latest = gaps.length === 0 ? undefined : await latestAttempt(deploymentId);
      const gap = gaps.find((index) => chunks[index]?.attempt === latest);
      const entries = chunks.slice(0, gap).map(asEntry);
      const last = entries.at(-1);
      return { entries, ...(last && hasMore && gap === undefined ? { nextCursor: last.cursor } : {}) };
    },

    async delete(deploymentId) {
    },

    async ensureTable() {
    },
  };
}
