import type { BeforeCall } from './before-call.ts';

export interface CodeRepository {
  /** Stable across renames and transfers, unlike the name. */
  readonly id: number;
  /** The current `owner/name`. */
  readonly fullName: string;
  readonly defaultBranch: string;
  readonly private: boolean;
  readonly cloneUrl: string;
  /** To the second. Before the first push: the repository's creation, or undefined. */
  readonly pushedAt: Date | undefined;
}

/** A page of a list. */
export interface CodePage {
  /** From 1. */
  readonly number: number;
  /** At most 100. */
  readonly size: number;
}

export interface CodeCommit {
  readonly sha: string;
  readonly message: string;
  readonly authorName: string;
  /** The author's account at the code host, when the email address belongs to one. */
  readonly authorLogin?: string;
  readonly committedAt: Date;
  /** Undefined: not known. */
  readonly parents?: readonly string[];
}

/** An event whose deliveries to a hook all failed. */
export interface FailedDelivery {
  /** The last attempt, as passed to `redeliver`. */
  readonly id: number;
  /** Shared by all attempts, and sent to the hook. */
  readonly guid: string;
  readonly attempts: number;
  /** When it was first sent. */
  readonly firstAt: Date;
  /** When the last attempt was made, if it was answered 401: its signature was not accepted. */
  readonly unauthorizedAt?: Date;
}

export type CommitState = 'pending' | 'success' | 'failure' | 'error';

/**
 * Where users keep their code. `token` is the user's own: what it may not see does not exist. `fullName` is `owner/name`.
 * An answer may be some seconds stale, even compared with the answer before it.
 * Errors of every call: `code_host_unavailable` (no response, or 5xx), `code_host_throttled` (`details.retryAfterSeconds`, at least 60),
 * `code_host_unauthorized` (the token is invalid, or not permitted), `vendor_rejected`, and `invalid_request` for a path, branch or ref
 * with a `.` or `..` in it. A missing repository throws `repository_not_found`, except where undefined is an answer.
 */
export interface CodeHost {
  getRepository(token: string, fullName: string): Promise<CodeRepository | undefined>;
  /** What the user owns, collaborates on, or sees as a member of an organisation, most recently pushed first. */
  listRepositories(
    token: string,
    page: CodePage,
  ): Promise<{ readonly repositories: CodeRepository[]; readonly hasMore: boolean }>;
  /** Ordered by name. Undefined when the repository is missing. */
  listBranches(
    token: string,
    fullName: string,
    page: CodePage,
  ): Promise<
    { readonly branches: { readonly name: string; readonly sha: string }[]; readonly hasMore: boolean } | undefined
  >;
  /** Undefined when the repository or the branch is missing. */
  getBranchHead(token: string, fullName: string, branch: string): Promise<CodeCommit | undefined>;
  /** `ref` is a commit, branch or tag. */
  getCommit(token: string, fullName: string, ref: string): Promise<CodeCommit | undefined>;
  /** Paths of all files of a commit. `truncated`: there are more than the code host lists (100,000 at GitHub). */
  listTree(
    token: string,
    fullName: string,
    sha: string,
  ): Promise<{ readonly paths: readonly string[]; readonly truncated: boolean } | undefined>;
  /** A text file; undefined when it is missing, a folder, or longer than `limitBytes`. */
  readFile(token: string, fullName: string, path: string, ref: string, limitBytes: number): Promise<string | undefined>;
  /** A URL that serves this commit as a tar.gz with one top-level folder, without a credential, for some minutes. */
  archiveUrl(token: string, fullName: string, sha: string): Promise<string>;
  /** Registers signed push events at `url`. An existing hook is kept, and gets this secret. */
  createPushHook(
    token: string,
    fullName: string,
    hook: { readonly url: string; readonly secret: string },
    beforeCall?: BeforeCall,
  ): Promise<{ readonly id: number }>;
  /** The hook that calls this URL, if there is one. */
  findPushHook(token: string, fullName: string, url: string): Promise<{ readonly id: number } | undefined>;
  /** Does nothing when the hook or the repository is gone. */
  deleteHook(token: string, fullName: string, hookId: number): Promise<void>;
  /**
   * Pushes first sent since then without a successful delivery to the hook, the one tried longest ago first; from at most the newest 500
   * deliveries. Undefined when the hook or the repository is missing.
   */
  listFailedDeliveries(
    token: string,
    fullName: string,
    hookId: number,
    since: Date,
  ): Promise<FailedDelivery[] | undefined>;
  /** Requests redelivery, with the same body and GUID. False when the delivery is too old, or gone. */
  redeliver(token: string, fullName: string, hookId: number, deliveryId: number): Promise<boolean>;
  /** Shows a status beside the commit, one for each `context`. `description` is cut to 140 characters. */
  setCommitStatus(
    token: string,
    fullName: string,
    sha: string,
    status: {
      readonly state: CommitState;
      readonly context: string;
      readonly description: string;
      readonly targetUrl?: string;
    },
  ): Promise<void>;
}
