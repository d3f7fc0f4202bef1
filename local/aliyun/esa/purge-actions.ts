import * as z from 'zod';
import { AcsError } from '../../wire/acs3.ts';
import type { PurgeTarget } from './edge/edge-messages.ts';
import { type EsaState, timestamp } from './esa-state.ts';
import type { RpcAction } from './rpc-service.ts';
import { requiredSite } from './site-actions.ts';

/** The kinds of purge served here, and the field of `Content` that holds what each needs. */
const CONTENT_FIELDS = {
  hostname: 'Hostnames',
  file: 'Files',
  directory: 'Directories',
  ignoreParams: 'IgnoreParams',
  purgeall: 'PurgeAll',
} as const satisfies Record<PurgeTarget['type'], string>;

const isPurgeType = (type: string): type is PurgeTarget['type'] => Object.hasOwn(CONTENT_FIELDS, type);

/**
 * The purge operations of ESA 2024-09-10. A task is `Refreshing` until `completePurge` reports that the edge has done
 * it, as the real one is for a few seconds.
 */
export function purgeActions(
  state: EsaState,
  purge: (taskId: number, target: PurgeTarget) => void,
): Record<string, RpcAction> {
  const { database, nextId } = state;
  return {
    PurgeCaches: {
      method: 'POST',
      run({ query }) {
        const site = requiredSite(state, query);
        const type = query.required('Type');
        if (!isPurgeType(type)) throw new AcsError(400, 'InvalidType', 'Specified parameter Type is not valid.');
        const content = purgeContent(type, query.json('Content'));
        const taskId = nextId();
        database
          .prepare(
            'insert into purge_tasks (task_id, site_id, type, content, complete, created_at) values (?, ?, ?, ?, 0, ?)',
          )
          .run(taskId, site.siteId, type, content.join(','), timestamp());
        purge(taskId, { type, content, siteName: site.name, edgeCompute: query.flag('EdgeComputePurge') ?? false });
        return { TaskId: String(taskId) };
      },
    },
    DescribePurgeTasks: {
      method: 'GET',
      run({ query }) {
        const [page, size] = [query.integer('PageNumber') ?? 1, query.integer('PageSize') ?? 20];
        if (page < 1 || size < 1 || size > 50)
          throw new AcsError(400, 'InvalidPageSize', 'Specified parameter PageSize is not valid.');
        const site = query.optional('SiteId') === undefined ? undefined : requiredSite(state, query);
        const wanted = {
          type: query.optional('Type'),
          status: query.optional('Status'),
          content: query.optional('Content'),
        };
        const found = database
          .prepare('select * from purge_tasks order by task_id desc')
          .all()
          .map((row) => ({
            siteId: row.site_id,
            task: {
              TaskId: String(row.task_id),
              Type: String(row.type),
              Content: String(row.content),
              Status: row.complete === 1 ? 'Complete' : 'Refreshing',
              Process: row.complete === 1 ? '100%' : '0%',
              CreateTime: row.created_at,
            },
          }))
          .filter(
            ({ siteId, task }) =>
              (site === undefined || siteId === site.siteId) &&
              (wanted.type === undefined || task.Type === wanted.type) &&
              (wanted.status === undefined || task.Status === wanted.status) &&
              (wanted.content === undefined || task.Content === wanted.content),
          )
          .map(({ task }) => task);
        const tasks = found.slice((page - 1) * size, page * size);
        return { Tasks: tasks, TotalCount: found.length, PageNumber: page, PageSize: size };
      },
    },
  };
}

function purgeContent(type: PurgeTarget['type'], json: unknown): string[] {
  const field = CONTENT_FIELDS[type];
  const parsed = z.record(z.string(), z.unknown()).safeParse(json);
  const value = parsed.success ? parsed.data[field] : undefined;
  if (type === 'purgeall' && value === true) return [];
  const list = z.array(z.string().min(1)).min(1).safeParse(value);
  if (type === 'purgeall' || !list.success)
    throw new AcsError(400, 'InvalidContent', `Content must have ${field}, as ${type} needs it.`);
  return list.data;
}

/** Marks a task, or without an id every task, as done. A restarted edge has an empty cache, so all are done. */
export function completePurge({ database }: EsaState, taskId?: number): void {
  if (taskId === undefined) database.prepare('update purge_tasks set complete = 1').run();
  else database.prepare('update purge_tasks set complete = 1 where task_id = ?').run(taskId);
}
