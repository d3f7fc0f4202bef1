import type { ReadGithubToken } from '@miaobu/shared/model/account/read-github-token';
import type { TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { Store } from '@miaobu/shared/model/repositories';
import type { CodeHost } from '@miaobu/shared/ports/code-host';

export interface Deps {
  readonly store: Pick<Store, 'projects'>;
  readonly readGithubToken: ReadGithubToken;
  readonly codeHost: Pick<CodeHost, 'listFailedDeliveries' | 'redeliver'>;
  readonly now: () => Date;
}

/** GitHub sends a delivery again for three days. */
const KEPT_MS = 3 * 24 * 60 * 60 * 1000;
/** In one round, those that were tried longest ago; more wait for the next. */
const AT_ONCE = 5;
/** What we have refused this often we would refuse again. */
const ATTEMPTS = 6;

/**
 * `hook.redeliver`: asks for the deliveries of a project's hook that failed. GitHub never sends one again by itself. Droppable: the
 * next round asks for the same, and the branch's head is asked for in any case.
 */
export const redeliverFailed = (deps: Deps): TopicHandler<'hook.redeliver'> => ({
  droppable: true,
  async work({ project_id: projectId }, lease, { log }) {
    const { store, codeHost } = deps;
    const project = await store.projects.find(projectId);
    if (!project?.githubHookId) return undefined;
    const token = await deps.readGithubToken(project.userId);
    const { repository, githubHookId } = project;
    lease.assertTrusted();
    const since = new Date(deps.now().getTime() - KEPT_MS);
    const failed = await codeHost.listFailedDeliveries(token, repository, githubHookId, since);
    for (const { id, guid, attempts } of failed.filter((each) => each.attempts < ATTEMPTS).slice(0, AT_ONCE)) {
      lease.assertTrusted();
      const asked = await codeHost.redeliver(token, repository, githubHookId, id);
      log.info('delivery asked for again', { deliveryGuid: guid, attempts, asked });
    }
    return undefined;
  },
});
