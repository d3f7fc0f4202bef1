import type { deploymentProgress, logEntry } from '@miaobu/shared/contracts/deployment-logs';
import type { Deployment, DeploymentStatus } from '@miaobu/shared/contracts/shown-deployment';
import type * as z from 'zod';
import type { CommandContext } from './command.ts';

export type LogEntry = z.output<typeof logEntry>;
export type Progress = z.output<typeof deploymentProgress>;
export type DeploymentNews =
  | { readonly kind: 'log'; readonly entry: LogEntry }
  | { readonly kind: 'status'; readonly progress: Progress };

export interface DeploymentPath {
  /** Slug or id. */
  readonly project: string;
  readonly deployment: string;
}

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

/**
 * What happens to a deployment, as it happens: what its build prints and every change of its status, the present one included. Ends with the
 * deployment. Waits out a platform that does not answer for some seconds.
 */
export async function* followDeployment(
  { streams }: Pick<CommandContext, 'streams'>,
  params: DeploymentPath,
): AsyncGenerator<DeploymentNews> {
  let told: string | undefined;
  for await (const { data } of streams('streamDeploymentLogs', { params })) {
    if ('text' in data) {
      yield { kind: 'log', entry: data };
      continue;
    }
    // Whoever comes back to a stream is told the status again; and another attempt begins with the same one.
    const now = JSON.stringify([data.status, data.reason]);
    if (now !== told) yield { kind: 'status', progress: data };
    told = now;
  }
}

/** The build log of a deployment as far as it is there, page by page. */
export async function* readLog({ client }: Pick<CommandContext, 'client'>, params: DeploymentPath) {
  let cursor: string | undefined;
  for (;;) {
    const query = { limit: 1000, ...(cursor === undefined ? {} : { cursor }) };
    const { data, meta } = await client('readDeploymentLogs', { params, query });
    yield data;
    // While a deployment is in progress there is always a cursor, for what comes later.
    if (data.length === 0 || meta.next_cursor === null) return;
    cursor = meta.next_cursor;
  }
}
