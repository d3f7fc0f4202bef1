import type { BranchStanding } from '@miaobu/shared/model/delivery/push-repository';
import type { Commit } from '@miaobu/shared/model/deployment/queue-deployment';
import type { Project } from '@miaobu/shared/model/project/project';
import { branchOf, type GithubPush } from './github-push.ts';
import { whySkipped } from './why-skipped.ts';

/** The branch's new head. */
interface Head {
  readonly sha: string;
  readonly pushedAt: number;
}

/** What a push means. */
export type PushDecision =
  | { readonly outcome: 'ignored'; readonly note: string }
  | { readonly outcome: 'stale'; readonly note: string; readonly known: BranchStanding }
  | {
      readonly outcome: 'duplicate_head';
      readonly note: string;
      readonly deploymentId: string;
      readonly known: BranchStanding;
      readonly head: Head;
    }
  | { readonly outcome: 'skipped'; readonly note: string; readonly known: BranchStanding; readonly head: Head }
  | { readonly outcome: 'accepted'; readonly known: BranchStanding; readonly head: Head; readonly commit: Commit };

/** Decides on a push, given what is known of the project's branches. */
export function decidePush(push: GithubPush, project: Project, branches: readonly BranchStanding[]): PushDecision {
  const branch = branchOf(push.ref);
  if (branch === undefined) return { outcome: 'ignored', note: 'not a branch' };
  if (push.deleted || push.head_commit === null) return { outcome: 'ignored', note: 'the branch was deleted' };
  const known = branches.find(({ environment }) => environment.branch === branch);
  if (!known) return { outcome: 'ignored', note: 'no environment follows this branch' };
  const { environment, newest, newestOfBranch } = known;

  // GitHub guarantees no order, and its timestamps have a resolution of one second: a push that is not newer than the newest
  // known one only triggers a sync.
  if (push.repository.pushed_at <= environment.headPushedAt && push.after !== environment.headSha) {
    return { outcome: 'stale', note: 'not newer than the last push; the branch is asked for its head', known };
  }
  const head = { sha: push.after, pushedAt: Math.max(push.repository.pushed_at, environment.headPushedAt) };
  if (newest?.commitSha === push.after && newest.status !== 'failed' && newest.status !== 'cancelled') {
    const note = 'this commit is deployed already';
    return { outcome: 'duplicate_head', note, deploymentId: newest.id, known, head };
  }
  const skipped = whySkipped(push, project, { newest: newestOfBranch, skippedSha: environment.skippedSha });
  if (skipped !== undefined) return { outcome: 'skipped', note: skipped, known, head };
  const { author, message } = push.head_commit;
  const commit = { sha: push.after, message, author: author?.username ?? author?.name ?? null };
  return { outcome: 'accepted', known, head, commit };
}
