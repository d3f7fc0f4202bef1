import { AppError } from '@miaobu/shared/kernel/app-error';
import { describeError } from '@miaobu/shared/kernel/describe-error';
import type { Log } from '@miaobu/shared/kernel/log';
import type { Sealer } from '@miaobu/shared/kernel/seal';
import { FIRST_VERSION, resealMessage } from '@miaobu/shared/model/key/key-messages';
import { type SealedColumn, sealedColumns } from '@miaobu/shared/model/key/sealed-columns';
import type { SealedChange, SealedRow, WhichValues } from '@miaobu/shared/model/key/sealed-value-repository';
import type { TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';

export interface Deps {
  readonly store: Pick<Store, 'keys' | 'sealedValues'>;
  readonly sealer: Sealer;
}

const ROWS_A_ROUND = 500;
/** By then whoever read a value before it was resealed has opened it. */
const AGAIN_SECONDS = 15 * 60;

/**
 * `keys.reseal`: walks through everything one key has sealed and reseals it with the current key, a batch of rows per message; a crash
 * repeats one batch. A retired data key is deleted by a later walk that finds nothing under it. Unreadable values are left as they are,
 * and keep their key.
 */
export const resealValues = (deps: Deps): TopicHandler<'keys.reseal'> => ({
  async work(progress, lease, { requestId, log }) {
    const walk = await walkOf(deps, progress.from);
    const column = walk?.columns.find(({ name }) => name === progress.column) ?? walk?.columns[0];
    if (!walk || !column) return undefined;
    const page = { after: column.name === progress.column ? progress.after : undefined, limit: ROWS_A_ROUND };
    const rows = await deps.store.sealedValues.window(column, walk.which, page);
    const found = (progress.found ?? 0) + rows.filter(({ stored }) => stored !== null).length;
    const changes = await resealed(deps.sealer, column, walk.which, rows, log);
    lease.assertTrusted();

    const last = rows.length < ROWS_A_ROUND ? undefined : rows.at(-1)?.key;
    const following = walk.columns[walk.columns.indexOf(column) + 1];
    const { from } = progress;
    return async (repositories) => {
      await repositories.sealedValues.replace(column, changes);
      if (last !== undefined) {
        return repositories.enqueue(resealMessage({ from, column: column.name, after: last, found }, requestId));
      }
      if (following) return repositories.enqueue(resealMessage({ from, column: following.name, found }, requestId));
      if (found === 0) return from === FIRST_VERSION ? undefined : deleteKey(repositories, from, walk, requestId);
      log.info('values sealed anew', { from, found });
      await repositories.enqueue(resealMessage({ from }, requestId, AGAIN_SECONDS));
    };
  },
});

interface Walk {
  readonly which: WhichValues;
  readonly columns: readonly SealedColumn[];
}

/** Undefined when nothing needs resealing. */
async function walkOf({ store }: Deps, from: string): Promise<Walk | undefined> {
  if (from === FIRST_VERSION) return { which: { beginning: 'v1.', projectId: null }, columns: sealedColumns };
  const key = await store.keys.findDataKey(from);
  if (!key?.retired) return undefined;
  const columns = sealedColumns.filter(({ ofProjects }) => ofProjects === (key.projectId !== null));
  return { which: { beginning: `v2.${from}.`, projectId: key.projectId }, columns };
}

async function resealed(
  sealer: Sealer,
  column: SealedColumn,
  { beginning }: WhichValues,
  rows: readonly SealedRow[],
  log: Log,
): Promise<SealedChange[]> {
  const changes: SealedChange[] = [];
  for (const { key, projectId, stored } of rows) {
    if (stored === null) continue;
    const seal = await sealer.sealing(projectId ?? undefined);
    try {
      const after = await column.map(stored, { key, projectId }, async (sealed, context) =>
        sealed.startsWith(beginning) ? seal(await sealer.open(sealed, context), context) : sealed,
      );
      changes.push({ key, before: stored, after });
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'secret_unreadable') throw error;
      log.error('a value is not sealed anew', { column: column.name, ...describeError(error) });
    }
  }
  return changes;
}

/** Checked once more for sealed values, in the transaction that deletes it: this is irreversible. */
async function deleteKey({ sealedValues, keys, auditLog }: Repositories, id: string, walk: Walk, requestId: string) {
  for (const column of walk.columns) if (await sealedValues.isAny(column, walk.which)) return;
  await keys.deleteDataKey(id);
  await auditLog.append({ actor: 'deploy', action: 'data_key.deleted', subject: id, requestId });
}
