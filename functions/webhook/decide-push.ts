import { skipMarkerIn } from '@miaobu/shared/kernel/skip-marker';
import type { BranchStanding } from '@miaobu/shared/model/delivery/push-repository';
import type { Commit } from '@miaobu/shared/model/deployment/queue-deployment';
import type { Project } from '@miaobu/shared/model/project/project';
import { branchOf, type GithubPush } from './github-push.ts';
import { isBuiltOrPending } from './is-built-or-pending.ts';
import { type Skip, whySkipped } from './why-skipped.ts';

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
  | { readonly outcome: 'skipped'; readonly skip: Skip; readonly known: BranchStanding; readonly head: Head }
  | {
      readonly outcome: 'accepted';
      readonly note?: string;
      readonly known: BranchStanding;
      readonly head: Head;
      readonly commit: Commit;
    };

/** Decides on a push, given what is known of the project's branches. */
export function decidePush(push: GithubPush, project: Project, branches: readonly BranchStanding[]): PushDecision {
  const branch = branchOf(push.ref);
  if (branch === undefined) return { outcome: 'ignored', note: 'not a branch' };
  if (push.deleted || push.head_commit === null) return { outcome: 'ignored', note: 'the branch was deleted' };
  const known = branches.find(({ environment }) => environment.branch === branch);
  if (!known) return { outcome: 'ignored', note: 'no environment follows this branch' };
  const { environment, newestOfBranch } = known;

  // GitHub guarantees no order, and its timestamps have a resolution of one second: a push that is not newer than the newest
  // known one only triggers a sync.
  const isNewer = push.repository.pushed_at > environment.headPushedAt;
  if (!isNewer && push.after !== environment.headSha) {
    return { outcome: 'stale', note: 'not newer than the last push; the branch is asked for its head', known };
  }
  const head = { sha: push.after, pushedAt: Math.max(push.repository.pushed_at, environment.headPushedAt) };
  // A commit that failed is retried by another push of it, but not by a late delivery of the same push.
  const isKnown = environment.headSha !== null && newestOfBranch?.commitSha === push.after;
  if (isKnown && (!isNewer || isBuiltOrPending(newestOfBranch))) {
    const note = 'the newest deployment of the branch is of this commit';
    return { outcome: 'duplicate_head', note, deploymentId: newestOfBranch.id, known, head };
  }
  const skip = whySkipped(push, project, known);
  if (skip) return { outcome: 'skipped', skip, known, head };
  const { author, message } = push.head_commit;
  const commit = { sha: push.after, message, author: author?.username ?? author?.name ?? null };
  const marker = skipMarkerIn(message);
  return { outcome: 'accepted', ...(marker !== undefined && { note: notSkipped(marker) }), known, head, commit };
}

const notSkipped = (marker: string) =>
  `the commit’s message says ${marker}, but it does not continue from a head that was deployed or skipped`;
