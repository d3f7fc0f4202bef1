import type { ReadGithubToken } from '@miaobu/shared/model/account/read-github-token';
import { commitStatusOf } from '@miaobu/shared/model/deployment/commit-status-of';
import type { TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { SiteAddress } from '@miaobu/shared/model/project/site-address';
import type { Store } from '@miaobu/shared/model/repositories';
import type { CodeHost } from '@miaobu/shared/ports/code-host';

export interface Deps {
  readonly store: Pick<Store, 'deployments' | 'environments' | 'projects'>;
  readonly readGithubToken: ReadGithubToken;
  readonly codeHost: Pick<CodeHost, 'setCommitStatus'>;
  readonly address: SiteAddress;
}

/**
 * `commit.status`: shows beside a commit the present state of its newest deployment in an environment. Nothing depends on it, so it is
 * droppable; it requires the user's token.
 */
export const showCommitStatus = (deps: Deps): TopicHandler<'commit.status'> => ({
  droppable: true,
  async work({ environment_id: environmentId, commit_sha: commitSha }, lease) {
    const { store, codeHost, address } = deps;
    const deployment = await store.deployments.findNewestOfCommit(environmentId, commitSha);
    const environment = await store.environments.find(environmentId);
    const project = environment && (await store.projects.find(environment.projectId));
    if (!deployment || !project) return undefined;
    const status = commitStatusOf(deployment, project, environment, address);
    if (!status) return undefined;
    const token = await deps.readGithubToken(project.userId);
    lease.assertTrusted();
    await codeHost.setCommitStatus(token, project.repository, commitSha, status);
    return undefined;
  },
});
