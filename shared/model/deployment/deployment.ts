import type { BuildSettings } from '../../contracts/build-job.ts';
import type { deploymentTriggers } from '../../contracts/deployments.ts';
import type { StoredStatus } from './deployment-lifecycle.ts';

export type DeploymentTrigger = (typeof deploymentTriggers)[number];

/** A variable as it was when the deployment was queued: still sealed. */
export interface SealedVariable {
  readonly key: string;
  readonly sealed: string;
  readonly environment: string;
  readonly scope: 'build' | 'runtime' | 'both';
  /** What was queued before this was kept does not say: it counts as a secret. */
  readonly isSecret?: boolean;
}

/** One build of one commit for one environment, or a folder that was uploaded for it, as the database holds it. Ids are UUIDs. */
export interface Deployment {
  readonly id: string;
  readonly projectId: string;
  readonly environmentId: string;
  readonly seq: number;
  readonly trigger: DeploymentTrigger;
  /** Null for what was uploaded, as the commit: neither came from the code host. */
  readonly branch: string | null;
  /** Whether the commit was the head of the environment's branch; what is deployed once more, or by its commit, says nothing about that. */
  readonly fromHead: boolean;
  readonly commitSha: string | null;
  /** Of an upload: what its uploader says about it. */
  readonly commitMessage: string | null;
  /** Of an upload: who uploaded it. */
  readonly commitAuthor: string | null;
  readonly status: StoredStatus;
  readonly attempt: number;
  readonly reason: string | null;
  readonly reasonMessage: string | null;
  readonly settings: BuildSettings;
  readonly variables: readonly SealedVariable[];
  readonly requestId: string;
  readonly manifestSha256: Buffer | null;
  readonly manifestBytes: number | null;
  readonly files: number | null;
  readonly bytes: number | null;
  readonly shards: number | null;
  readonly spa: boolean | null;
  readonly buildSeconds: number | null;
  readonly createdAt: Date;
  readonly activatedAt: Date | null;
  readonly publishedAt: Date | null;
  /** Seen by a visitor when every edge had had the time to learn of it. */
  readonly liveEverywhereAt: Date | null;
  readonly retiredAt: Date | null;
  readonly finishedAt: Date | null;
  /** Since when it is kept however old it gets; null: it is not. */
  readonly pinnedAt: Date | null;
}

/** Whether a deployment is built from a commit: anything but what was uploaded. */
export const isOfCommit = <T extends Pick<Deployment, 'branch' | 'commitSha'>>(
  deployment: T,
): deployment is T & { readonly branch: string; readonly commitSha: string } =>
  deployment.branch !== null && deployment.commitSha !== null;
