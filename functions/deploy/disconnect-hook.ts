import { AppError, type ErrorCode } from '@miaobu/shared/kernel/app-error';
import type { Log } from '@miaobu/shared/kernel/log';
import type { ReadGithubToken } from '@miaobu/shared/model/account/read-github-token';
import type { Lease } from '@miaobu/shared/model/outbox/work-outbox';
import { hookUrl } from '@miaobu/shared/model/project/hook-url';
import type { Project } from '@miaobu/shared/model/project/project';
import type { CodeHost } from '@miaobu/shared/ports/code-host';

export interface Deps {
  readonly readGithubToken: ReadGithubToken;
  readonly codeHost: Pick<CodeHost, 'findPushHook' | 'deleteHook'>;
  readonly controlOrigin: string;
}

/** Nothing is left to remove, or nobody has access. We refuse deliveries of a remaining hook like those of an unknown one. */
const OUT_OF_REACH: readonly ErrorCode[] = ['repository_not_found', 'code_host_unauthorized'];

/** Removes a project's push hook, found by its URL: its id is unknown when registration was interrupted. */
export async function disconnectHook(deps: Deps, project: Project, lease: Lease, log: Log): Promise<void> {
  try {
    const token = await deps.readGithubToken(project.userId);
    lease.assertTrusted();
    const hook = await deps.codeHost.findPushHook(token, project.repository, hookUrl(deps.controlOrigin, project.id));
    lease.assertTrusted();
    if (hook) await deps.codeHost.deleteHook(token, project.repository, hook.id);
  } catch (error) {
    if (!(error instanceof AppError) || !OUT_OF_REACH.includes(error.code)) throw error;
    log.info('the push hook is out of reach', { repository: project.repository, code: error.code });
  }
}
