import type { BuildSettings } from '../../contracts/build-job.ts';
import type { deploymentTriggers } from '../../contracts/shown-deployment.ts';
import type { StoredStatus } from './deployment-lifecycle.ts';

export type DeploymentTrigger = (typeof deploymentTriggers)[number];

/** A variable as of when the deployment was queued, still sealed. */
export interface SealedVariable {
  readonly key: string;
  readonly sealed: string;
  readonly environment: string;
  readonly scope: 'build' | 'runtime' | 'both';
  /** Missing on deployments queued before this was recorded: treated as a secret. */
  readonly isSecret?: boolean;
}

/** One build of one commit for one environment, or a folder that was uploaded for it, as the database holds it. Ids are UUIDs. */
export interface Deployment {
  readonly id: string;
  readonly projectId: string;
  readonly environmentId: string;
  readonly seq: number;
  readonly trigger: DeploymentTrigger;
  /** Null for uploads, like the commit: neither came from the code host. */
  readonly branch: string | null;
  /**
   * Whether the commit was the head of the environment's branch; redeployments, and deployments of a given commit, say nothing about
   * that.
   */
  readonly fromHead: boolean;
  readonly commitSha: string | null;
  /** For an upload: the uploader's description. */
  readonly commitMessage: string | null;
  /** For an upload: the uploader. */
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
  /** When a visitor saw it after every edge node had had time to update. */
  readonly liveEverywhereAt: Date | null;
  readonly retiredAt: Date | null;
  readonly finishedAt: Date | null;
  /** When it was pinned; null: not pinned. */
  readonly pinnedAt: Date | null;
}

/** Whether a deployment is built from a commit, that is, not uploaded. */
export const isOfCommit = <T extends Pick<Deployment, 'branch' | 'commitSha'>>(
  deployment: T,
): deployment is T & { readonly branch: string; readonly commitSha: string } =>
  deployment.branch !== null && deployment.commitSha !== null;
