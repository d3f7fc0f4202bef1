import { showId } from '@miaobu/shared/kernel/ids';
import type { ReadGithubToken } from '@miaobu/shared/model/account/read-github-token';
import type { Conclusion, Lease, TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import { connectHookMessage } from '@miaobu/shared/model/project/connect-hook-message';
import type { Project } from '@miaobu/shared/model/project/project';
import type { Store } from '@miaobu/shared/model/repositories';
import type { CodeHost, FailedDelivery } from '@miaobu/shared/ports/code-host';

export interface Deps {
  readonly store: Pick<Store, 'projects'>;
  readonly readGithubToken: ReadGithubToken;
  readonly codeHost: Pick<CodeHost, 'listFailedDeliveries' | 'redeliver' | 'getRepository'>;
  readonly now: () => Date;
}

const MINUTE_MS = 60 * 1000;
const HOUR_MS = 60 * MINUTE_MS;
/** GitHub redelivers for three days. */
const KEPT_MS = 72 * HOUR_MS;
/** The ages at which a delivery is requested again: one we refused often we would probably refuse again. */
const AGES_MS = [5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS, 3 * HOUR_MS, 9 * HOUR_MS, 24 * HOUR_MS, 48 * HOUR_MS] as const;
/** Per round, those tried longest ago; the others wait for the next. */
const AT_ONCE = 5;

const isDue = ({ attempts, firstAt }: FailedDelivery, now: Date) =>
  now.getTime() - firstAt.getTime() >= (AGES_MS[attempts - 1] ?? Number.POSITIVE_INFINITY);

/** Whether the code host may sign with another secret than the current one: it was not told of it, or its signatures are refused since. */
const hasOtherSecret = ({ githubHookToldAt }: Project, failed: readonly FailedDelivery[]) =>
  githubHookToldAt === null ||
  failed.some(({ unauthorizedAt }) => unauthorizedAt !== undefined && unauthorizedAt > githubHookToldAt);

/**
 * `hook.redeliver`: requests redelivery of a project's failed deliveries; GitHub never retries by itself. A hook that was removed, or has
 * another secret, is connected again. Droppable: the next round requests the same, and the branch is synced in any case.
 */
export const redeliverFailed = (deps: Deps): TopicHandler<'hook.redeliver'> => ({
  droppable: true,
  async work({ project_id: projectId }, lease, { log, requestId }) {
    const { store, codeHost } = deps;
    const project = await store.projects.find(projectId);
    if (!project?.githubHookId) return undefined;
    const token = await deps.readGithubToken(project.userId);
    const { repository, githubHookId } = project;
    lease.assertTrusted();
    const now = deps.now();
    const since = new Date(now.getTime() - KEPT_MS);
    const failed = await codeHost.listFailedDeliveries(token, repository, githubHookId, since);
    if (!failed) return reconnect(codeHost, token, project, githubHookId, lease, requestId);
    for (const { id, guid, attempts } of failed.filter((each) => isDue(each, now)).slice(0, AT_ONCE)) {
      lease.assertTrusted();
      const asked = await codeHost.redeliver(token, repository, githubHookId, id);
      log.info('delivery asked for again', { deliveryGuid: guid, attempts, asked });
    }
    if (!hasOtherSecret(project, failed)) return undefined;
    return (repositories) => repositories.enqueue(connectHookMessage(projectId, requestId));
  },
});

/** Requests a replacement for a hook that somebody removed, unless the repository itself is inaccessible. */
async function reconnect(
  codeHost: Pick<CodeHost, 'getRepository'>,
  token: string,
  { id, repository, githubRepositoryId }: Project,
  hookId: number,
  lease: Lease,
  requestId: string,
): Promise<Conclusion | undefined> {
  lease.assertTrusted();
  if ((await codeHost.getRepository(token, repository))?.id !== githubRepositoryId) return undefined;
  return async (repositories) => {
    if (!(await repositories.projects.forgetHook(id, hookId))) return;
    await repositories.enqueue(connectHookMessage(id, requestId));
    await repositories.auditLog.append({
      actor: 'deploy',
      action: 'hook.lost',
      subject: showId('project', id),
      details: { repository, hook_id: hookId },
      requestId,
    });
  };
}
