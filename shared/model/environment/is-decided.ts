import type { Deployment } from '../deployment/deployment.ts';
import type { Environment } from './environment-repository.ts';

/**
 * Whether a commit is a head of the environment's branch that was deployed (whatever the result) or skipped, so that no push up to it is
 * missing. Only the newest deployment of the branch and the head skipped after it are considered. While the environment has no head,
 * because it has just begun to follow its branch, no commit is decided, whatever another branch has deployed.
 */
export const isDecided = (
  { headSha, skippedSha }: Pick<Environment, 'headSha' | 'skippedSha'>,
  newestOfBranch: Pick<Deployment, 'commitSha'> | undefined,
  commitSha: string,
): boolean => headSha !== null && (commitSha === skippedSha || commitSha === newestOfBranch?.commitSha);
