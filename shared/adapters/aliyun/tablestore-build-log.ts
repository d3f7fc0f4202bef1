import type { KeyColumn, PutInBatch, Row } from 'tablestore';
import { AppError } from '../../kernel/app-error.ts';
import type { BuildLog, BuildLogChunk, BuildLogEntry } from '../../ports/build-log.ts';
import {
  otsAppError,
  otsCodeOf,
  type TablestoreConfig,
  type TablestoreSdk,
  tablestoreCall,
} from './tablestore-call.ts';

export interface TablestoreBuildLogConfig extends TablestoreConfig {
  readonly table: string;
  /** How long chunks are kept; at least a day. */
  readonly timeToLiveSeconds: number;
}

export interface TablestoreBuildLog extends BuildLog {
  /**
   * Creates the table, or sets the configured time to live on the existing one. For a release, not for a request: a new table takes about
   * a minute to become available, and until then calls fail with `log_store_unavailable`.
   */
  ensureTable(): Promise<void>;
}

interface Position {
  readonly attempt: number;
  readonly chunk: number;
}
interface StoredChunk extends Position {
  readonly at: string;
  readonly text: string;
}

// Names and types (`PrimaryKeyType`) of the table's key.
const KEY = [
  { name: 'deployment_id', type: 'STRING', typeNumber: 2 },
  { name: 'attempt', type: 'INTEGER', typeNumber: 1 },
  { name: 'chunk', type: 'INTEGER', typeNumber: 1 },
] as const;
const BATCH_ROWS = 200;
/** Below the 4 MB of one BatchWriteRow, which include names and keys. */
const BATCH_BYTES = 3.5 * 1024 * 1024;

/** Build logs in a dedicated Tablestore table, one row per chunk: (deployment, attempt, chunk) → at, text. */
export function tablestoreBuildLog(config: TablestoreBuildLogConfig): TablestoreBuildLog {
  const tableName = config.table;
  const call = tablestoreCall(config);

  /** One page from `start`. It may be empty although more follows: only the last page says that it is the last. */
  const readForward = async (
    deploymentId: string,
    { start, ...selection }: { start?: Position | undefined; limit: number; columnsToGet?: string[] },
  ): Promise<{ rows: Row[]; hasMore: boolean }> => {
    const page = await call((client, sdk) =>
      client.getRange({
        tableName,
        direction: 'FORWARD',
        inclusiveStartPrimaryKey: start ? keyAt(sdk, deploymentId, start) : beginning(sdk, deploymentId),
        exclusiveEndPrimaryKey: end(sdk, deploymentId),
        ...selection,
      }),
    );
    const next = page.nextStartPrimaryKey;
    if (page.rows.length > 0 || next === null) return { rows: page.rows, hasMore: next !== null };
    return readForward(deploymentId, { start: positionOf(next), ...selection });
  };

  const latestAttempt = async (deploymentId: string): Promise<number | undefined> => {
    const { rows } = await call((client, sdk) =>
      client.getRange({
        tableName,
        direction: 'BACKWARD',
        inclusiveStartPrimaryKey: end(sdk, deploymentId),
        exclusiveEndPrimaryKey: beginning(sdk, deploymentId),
        columnsToGet: ['at'],
        limit: 1,
      }),
    );
    return rows[0] && positionOf(rows[0].primaryKey).attempt;
  };

  return {
    async append({ deploymentId, attempt }, chunks) {
      let kept = 0;
      for (const batch of inBatches(withoutRepetition(chunks))) {
        const { tables: results } = await call((client, sdk) => {
          const condition = new sdk.Condition(sdk.RowExistenceExpectation.EXPECT_NOT_EXIST, null);
          const rows = batch.map(
            ({ chunk, at, text }): PutInBatch => ({
              type: 'PUT',
              condition,
              primaryKey: keyAt(sdk, deploymentId, { attempt, chunk }),
              attributeColumns: [{ at: sdk.Long.fromNumber(at.getTime()) }, { text }],
            }),
          );
          return client.batchWriteRow({ tables: [{ tableName, rows }] });
        });
        const alreadyThere = 'OTSConditionCheckFail';
        const made = results.filter(({ errorCode }) => errorCode !== alreadyThere);
        throwFirstError(made);
        kept += made.length;
      }
      return kept;
    },

    async read({ deploymentId }, { after, limit, ended = false }) {
      const position = after === undefined ? undefined : parseCursor(after);
      const start = position && { attempt: position.attempt, chunk: position.chunk + 1 };
      const { rows, hasMore } = await readForward(deploymentId, { start, limit });
      const chunks = rows.map(storedChunk);
      const gaps = ended ? [] : gapsIn(chunks, position);
      const latest = gaps.length === 0 ? undefined : ((await latestAttempt(deploymentId)) ?? chunks.at(-1)?.attempt);
      const gap = gaps.find((index) => chunks[index]?.attempt === latest);
      const entries = chunks.slice(0, gap).map(asEntry);
      const last = entries.at(-1);
      return { entries, ...(last && hasMore && gap === undefined ? { nextCursor: last.cursor } : {}) };
    },

    async delete(deploymentId) {
      for (;;) {
        const { rows } = await readForward(deploymentId, { limit: BATCH_ROWS, columnsToGet: ['at'] });
        if (rows.length === 0) return;
        const { tables: results } = await call((client, sdk) => {
          const condition = new sdk.Condition(sdk.RowExistenceExpectation.IGNORE, null);
          const deletions = rows.map(({ primaryKey }) => ({
            type: 'DELETE' as const,
            condition,
            primaryKey: keyAt(sdk, deploymentId, positionOf(primaryKey)),
          }));
          return client.batchWriteRow({ tables: [{ tableName, rows: deletions }] });
        });
        throwFirstError(results);
      }
    },

    async ensureTable() {
      const tableOptions = { timeToLive: config.timeToLiveSeconds, maxVersions: 1 };
      await call(async (client) => {
        try {
          const primaryKey = KEY.map(({ name, type }) => ({ name, type }));
          // Nothing reserved: billed by usage.
          const reservedThroughput = { capacityUnit: { read: 0, write: 0 } };
          await client.createTable({ tableMeta: { tableName, primaryKey }, reservedThroughput, tableOptions });
          return;
        } catch (error) {
          if (otsCodeOf(error) !== 'OTSObjectAlreadyExist') throw error;
        }
        const existing = await client.describeTable({ tableName });
        const found = existing.tableMeta.primaryKey.map(({ name, type }) => `${name} ${type}`).join();
        if (found !== KEY.map(({ name, typeNumber }) => `${name} ${typeNumber}`).join()) {
          throw new AppError('vendor_rejected', { message: `table ${tableName} has another key: (${found})` });
        }
        if (existing.tableOptions.timeToLive !== tableOptions.timeToLive) {
          await client.updateTable({ tableName, tableOptions });
        }
      });
    },
  };
}

const keyAt = (sdk: TablestoreSdk, deploymentId: string, { attempt, chunk }: Position): KeyColumn[] => [
  { deployment_id: deploymentId },
  { attempt: sdk.Long.fromNumber(attempt) },
  { chunk: sdk.Long.fromNumber(chunk) },
];
const beginning = (sdk: TablestoreSdk, deploymentId: string): KeyColumn[] => [
  { deployment_id: deploymentId },
  { attempt: sdk.INF_MIN },
  { chunk: sdk.INF_MIN },
];
const end = (sdk: TablestoreSdk, deploymentId: string): KeyColumn[] => [
  { deployment_id: deploymentId },
  { attempt: sdk.INF_MAX },
  { chunk: sdk.INF_MAX },
];

function positionOf(primaryKey: Row['primaryKey']): Position {
  const integer = (name: string) => {
    const value = primaryKey.find((column) => column.name === name)?.value;
    return typeof value === 'object' ? value.toNumber() : Number.NaN;
  };
  return { attempt: integer('attempt'), chunk: integer('chunk') };
}

function storedChunk(row: Row): StoredChunk {
  const column = (name: string) => row.attributes.find(({ columnName }) => columnName === name)?.columnValue;
  const at = column('at');
  const milliseconds = typeof at === 'object' && 'toNumber' in at ? at.toNumber() : 0;
  return {
    ...positionOf(row.primaryKey),
    at: new Date(milliseconds).toISOString(),
    text: String(column('text') ?? ''),
  };
}

/** Indexes of chunks preceded by a gap in the numbering; `after` is what was read before. */
function gapsIn(chunks: readonly StoredChunk[], after: Position | undefined): number[] {
  return chunks.flatMap(({ attempt, chunk }, index) => {
    const previous = chunks[index - 1] ?? after;
    const expected = previous?.attempt === attempt ? previous.chunk + 1 : 0;
    return chunk === expected ? [] : [index];
  });
}

const asEntry = ({ attempt, chunk, at, text }: StoredChunk): BuildLogEntry => ({
  cursor: `${attempt}.${chunk}`,
  attempt,
  at,
  text,
});

function parseCursor(cursor: string): Position {
  const [, attempt, chunk] = /^(\d{1,9})\.(\d{1,9})$/.exec(cursor) ?? [];
  if (attempt === undefined || chunk === undefined) {
    throw new AppError('invalid_request', { details: { cursor: 'not a cursor of a build log' } });
  }
  return { attempt: Number(attempt), chunk: Number(chunk) };
}

/** Tablestore refuses a batch that contains a conditional row twice. */
function withoutRepetition(chunks: readonly BuildLogChunk[]): BuildLogChunk[] {
  const seen = new Set<number>();
  return chunks.filter(({ chunk }) => !seen.has(chunk) && seen.add(chunk));
}

function inBatches(chunks: readonly BuildLogChunk[]): BuildLogChunk[][] {
  const batches: BuildLogChunk[][] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    const size = Buffer.byteLength(chunk.text);
    const current = batches.at(-1);
    if (current && current.length < BATCH_ROWS && bytes + size <= BATCH_BYTES) {
      current.push(chunk);
      bytes += size;
    } else {
      batches.push([chunk]);
      bytes = size;
    }
  }
  return batches;
}

function throwFirstError(results: readonly { isOk: boolean; errorCode: string | null; errorMessage: string | null }[]) {
  const failed = results.find(({ isOk }) => !isOk);
  if (failed) throw otsAppError(failed.errorCode ?? 'OTSUnknown', failed.errorMessage);
}
