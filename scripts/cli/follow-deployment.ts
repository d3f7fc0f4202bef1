import { setTimeout as pause } from 'node:timers/promises';
import type { ApiClient } from '@miaobu/shared/contracts/client';
import type { Deployment, DeploymentStatus, logEntry } from '@miaobu/shared/contracts/deployments';
import type * as z from 'zod';
import { isPassing } from './explain-error.ts';

export type LogEntry = z.output<typeof logEntry>;
export type DeploymentNews =
  | { readonly kind: 'log'; readonly entry: LogEntry }
  | { readonly kind: 'status'; readonly deployment: Deployment };

const POLL_MS = 500;
const LOG_PAGE = 1000;
/** Pauses before a request that failed in passing is made again: a platform that restarts is away for seconds. */
const PATIENCE_MS = [200, 400, 1000, 2000, 4000];

const ends: Readonly<Record<DeploymentStatus, boolean>> = {
  queued: false,
  cloning: false,
  building: false,
  uploading: false,
  deploying: false,
  deployed: true,
  purged: true,
  failed: true,
  cancelled: true,
};

/** Whether nothing more will happen to a deployment by itself. */
export const hasEnded = ({ status }: Pick<Deployment, 'status'>) => ends[status];

async function patiently<Result>(request: () => Promise<Result>): Promise<Result> {
  for (const milliseconds of PATIENCE_MS) {
    try {
      return await request();
    } catch (error) {
      if (!isPassing(error)) throw error;
      await pause(milliseconds);
    }
  }
  return request();
}

/** The build log from `after` on, as far as it is there, page by page; `end` is where to go on. */
export async function* readLog(client: ApiClient, params: DeploymentPath, after?: string) {
  let cursor = after;
  for (;;) {
    const query = { limit: LOG_PAGE, ...(cursor === undefined ? {} : { cursor }) };
    const { data, meta } = await patiently(() => client('readDeploymentLogs', { params, query }));
    cursor = meta.next_cursor ?? cursor;
    yield { entries: data, end: cursor };
    // While a deployment is in progress there is always a cursor, for what comes later.
    if (data.length === 0 || meta.next_cursor === null) return;
  }
}

export interface DeploymentPath {
  /** Slug or id. */
  readonly project: string;
  readonly deployment: string;
}

/**
 * What happens to a deployment, as it happens: what its build prints and every change of its status, the present one
 * included. Ends with the deployment. Waits out a platform that does not answer for some seconds.
 */
export async function* followDeployment(client: ApiClient, params: DeploymentPath): AsyncGenerator<DeploymentNews> {
  let told: DeploymentStatus | undefined;
  let cursor: string | undefined;
  for (;;) {
    // The status first: what is printed until an end is in the log by the time that the end can be seen.
    const { data: deployment } = await patiently(() => client('getDeployment', { params }));
    for await (const { entries, end } of readLog(client, params, cursor)) {
      for (const entry of entries) yield { kind: 'log', entry };
      cursor = end;
    }
    if (deployment.status !== told) yield { kind: 'status', deployment };
    told = deployment.status;
    if (hasEnded(deployment)) return;
    await pause(POLL_MS);
  }
}
