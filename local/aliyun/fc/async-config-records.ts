import type { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import { AcsError } from '../../wire/acs3.ts';
import { isoSeconds, recordOf } from './fc-state.ts';

/** How FC treats the asynchronous invocations of a function. The defaults are FC's. */
export const asyncConfigInput = z.object({
  asyncTask: z.boolean().default(false),
  maxAsyncRetryAttempts: z.int().min(0).max(8).default(3),
  maxAsyncEventAgeInSeconds: z.int().min(1).max(604_800).default(86_400),
  destinationConfig: z
    .object(
      { onSuccess: z.undefined().optional(), onFailure: z.undefined().optional() },
      'the local cloud has no destinations',
    )
    .optional(),
});
export type AsyncConfigInput = Omit<z.output<typeof asyncConfigInput>, 'destinationConfig'>;
export type AsyncConfig = AsyncConfigInput & { readonly createdTime: string; readonly lastModifiedTime: string };

export interface AsyncConfigRecords {
  put(functionName: string, config: AsyncConfigInput): AsyncConfig;
  /** Throws `AsyncConfigNotExists`. */
  get(functionName: string): AsyncConfig;
  /** The settings in effect for a function, configured or not. */
  effective(functionName: string): AsyncConfigInput;
  delete(functionName: string): void;
}

export function createAsyncConfigRecords(database: DatabaseSync, now: () => number): AsyncConfigRecords {
  const find = (functionName: string) =>
    recordOf<AsyncConfig>(
      database.prepare('select record from async_configs where function_name = ?').get(functionName),
    );
  const defaults: AsyncConfigInput = asyncConfigInput.parse({});
  return {
    put(functionName, { asyncTask, maxAsyncRetryAttempts, maxAsyncEventAgeInSeconds }) {
      const time = isoSeconds(now());
      const record: AsyncConfig = {
        asyncTask,
        maxAsyncRetryAttempts,
        maxAsyncEventAgeInSeconds,
        createdTime: find(functionName)?.createdTime ?? time,
        lastModifiedTime: time,
      };
      database
        .prepare(
          'insert into async_configs (function_name, record) values (?, ?) on conflict (function_name) do update set record = excluded.record',
        )
        .run(functionName, JSON.stringify(record));
      return record;
    },
    get(functionName) {
      const record = find(functionName);
      if (!record)
        throw new AcsError(404, 'AsyncConfigNotExists', `function '${functionName}' has no asynchronous configuration`);
      return record;
    },
    effective: (functionName) => find(functionName) ?? defaults,
    delete: (functionName) =>
      void database.prepare('delete from async_configs where function_name = ?').run(functionName),
  };
}
