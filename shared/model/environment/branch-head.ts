import type { CodeCommit, CodeHost, CodeRepository } from '../../ports/code-host.ts';
import type { Commit } from '../deployment/queue-deployment.ts';
import type { Repositories } from '../repositories.ts';
import type { Environment } from './environment-repository.ts';

/** The head of a branch, as reported by the code host. */
export interface BranchHead {
  readonly commit: Commit;
  /** Of the commit; undefined: not known. */
  readonly parents?: readonly string[] | undefined;
  /** Seconds. The head contains every push up to then, so a delivery of one of them that arrives later is stale. */
  readonly pushedAt: number;
}

/** A commit as deployments store it. Its author is the code host's account, else the name in the commit. */
export const commitOf = ({ sha, message, authorLogin, authorName }: CodeCommit): Commit => ({
  sha,
  message,
  author: authorLogin ?? authorName,
});

/**
 * The head of a branch; undefined when the branch or the repository is missing. `repository` must have been read before this call, never
 * after: a push between the two answers may then be in the head but not in `pushedAt`, and never the reverse.
 */
export async function readBranchHead(
  codeHost: Pick<CodeHost, 'getBranchHead'>,
  token: string,
  repository: CodeRepository,
  branch: string,
): Promise<BranchHead | undefined> {
  const head = await codeHost.getBranchHead(token, repository.fullName, branch);
  const pushedAt = Math.floor((repository.pushedAt?.getTime() ?? 0) / 1000);
  return head && { commit: commitOf(head), parents: head.parents, pushedAt };
}

/** By then the code host shows a push that it has delivered. A time that is ahead for longer is a clock error. */
const CATCHES_UP_WITHIN_SECONDS = 10 * 60;

/** Whether the code host has reported a later push than the head it now shows. Lock the environment first. */
export async function isOutdated(
  { deployments }: Pick<Repositories, 'deployments'>,
  environment: Environment,
  head: BranchHead,
): Promise<boolean> {
  if (head.commit.sha === environment.headSha || head.pushedAt >= environment.headPushedAt) return false;
  const newest = await deployments.findNewestOfBranch(environment.id);
  return newest !== undefined && (await deployments.ageSeconds(newest.id)) < CATCHES_UP_WITHIN_SECONDS;
}

/**
 * Whether another head was recorded while the code host was asked, given the environment as it was `before`. Lock the environment first.
 */
export const isOvertaken = (before: Environment, locked: Environment, head: BranchHead): boolean =>
  head.commit.sha !== locked.headSha &&
  (locked.headSha !== before.headSha || locked.headPushedAt !== before.headPushedAt);
