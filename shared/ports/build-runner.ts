export type BuildRunState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

export interface BuildRun {
  readonly runId: string;
  /** `queued`: it waits for a machine. */
  readonly state: BuildRunState;
  /** How it ended, in the provider's words; undefined while it has not. */
  readonly conclusion: string | undefined;
  /** Its page at the provider, for people. */
  readonly url: string;
}

/**
 * Machines that run the builder. Errors: `code_host_unavailable` (also when it is unknown whether the call took effect),
 * `code_host_throttled`, `platform_misconfigured` (the platform's token, repository or workflow is refused).
 */
export interface BuildRunner {
  /**
   * Starts one attempt. Not idempotent: after `code_host_unavailable` call `findRun` before retrying. A second run of the same attempt
   * does no harm, because only the first can redeem the ticket.
   */
  start(attempt: {
    readonly deploymentId: string;
    readonly attempt: number;
    readonly ticket: string;
    /** Origin of the control plane. */
    readonly callbackUrl: string;
    /** See `cache_scope` in contracts/build-job.ts. */
    readonly cacheScope: string;
  }): Promise<{ readonly runId: string }>;
  /** The newest run of an attempt, if it is among the latest 300. */
  findRun(attempt: { readonly deploymentId: string; readonly attempt: number }): Promise<BuildRun | undefined>;
  /** Undefined when it is unknown. Asking again about a run that has not changed uses up nothing of the provider's rate limit. */
  getRun(runId: string): Promise<BuildRun | undefined>;
  /** Asks the run to end. Does nothing when it has ended or is unknown. */
  cancel(runId: string): Promise<void>;
}
