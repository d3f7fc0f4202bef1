import type { CodeCommit, CodeHost, CodeRepository } from '../../ports/code-host.ts';
import type { Commit } from '../deployment/queue-deployment.ts';
import type { Repositories } from '../repositories.ts';
import type { Environment } from './environment-repository.ts';

/** What the code host says is the head of a branch. */
export interface BranchHead {
  readonly commit: Commit;
  /** Seconds. The head holds every push until then, so whichever of their deliveries comes later is of an older one. */
  readonly pushedAt: number;
}

/** A commit of the code host as deployments keep it. Its author is the account there, else the name that the commit says. */
export const commitOf = ({ sha, message, authorLogin, authorName }: CodeCommit): Commit => ({
  sha,
  message,
  author: authorLogin ?? authorName,
});

/**
 * The head of a branch; undefined when the branch or the repository is missing. `repository` is what the code host said before, never
 * after: what is pushed between the two answers may be in the head and not yet in `pushedAt`, but nothing is in `pushedAt` and not in the head.
 */
export async function readBranchHead(
  codeHost: Pick<CodeHost, 'getBranchHead'>,
  token: string,
  repository: CodeRepository,
  branch: string,
): Promise<BranchHead | undefined> {
  const head = await codeHost.getBranchHead(token, repository.fullName, branch);
  const pushedAt = Math.floor((repository.pushedAt?.getTime() ?? 0) / 1000);
  return head && { commit: commitOf(head), pushedAt };
}

/** By then the code host shows a push that it has delivered. A time that contradicts it for longer is the error of a clock. */
const CATCHES_UP_WITHIN_SECONDS = 10 * 60;

/** Whether the code host has told of a later push than it now shows. With the environment locked. */
export async function isOutdated(
  { deployments }: Pick<Repositories, 'deployments'>,
  environment: Environment,
  head: BranchHead,
): Promise<boolean> {
  if (head.commit.sha === environment.headSha || head.pushedAt >= environment.headPushedAt) return false;
  const newest = await deployments.findNewestOfBranch(environment.id);
  return newest !== undefined && (await deployments.ageSeconds(newest.id)) < CATCHES_UP_WITHIN_SECONDS;
}

/** Whether another head was taken while the code host was asked, by whoever saw the environment as `before`. With the environment locked. */
export const isOvertaken = (before: Environment, locked: Environment, head: BranchHead): boolean =>
  head.commit.sha !== locked.headSha &&
  (locked.headSha !== before.headSha || locked.headPushedAt !== before.headPushedAt);
