import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Context } from '@miaobu/shared/kernel/context';
import { describeError } from '@miaobu/shared/kernel/describe-error';
import type { Store } from '@miaobu/shared/model/repositories';
import { type Deps as AskDeps, askForHead } from '../deployments/ask-for-commit.ts';
import type { Actor, Operation } from '../operation.ts';
import { findEnvironment } from './find-environment.ts';

export interface Deps extends AskDeps {
  readonly store: Pick<Store, 'projects' | 'environments'>;
}

/**
 * Throws `branch_not_found` when an environment is to follow another branch that the code host does not have. An unavailable code host is
 * ignored: the branch is checked again when it is deployed.
 */
export async function requireBranch(
  deps: Deps,
  actor: Actor,
  params: { readonly project: string; readonly environment: string },
  branch: string | undefined,
  { log }: Pick<Context, 'log'>,
): Promise<void> {
  if (branch === undefined) return;
  const { project, environment } = await findEnvironment(deps.store, actor, params);
  if (branch === environment.branch) return;
  try {
    await askForHead(deps, project, branch);
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'branch_not_found') throw error;
    log.warn('a branch was not looked for at the code host', describeError(error));
  }
}

/** Wraps `change`, requiring that the new branch exists. */
export const toExistingBranch =
  (deps: Deps, change: Operation<'updateEnvironment'>): Operation<'updateEnvironment'> =>
  async (request, actor, context) => {
    await requireBranch(deps, actor, request.params, request.body.branch, context);
    return change(request, actor, context);
  };
