import type { BodyOf } from '@miaobu/shared/contracts/endpoint';
import type { updateProject as contract } from '@miaobu/shared/contracts/projects';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import { changeBranch } from '@miaobu/shared/model/environment/change-branch';
import type { ProjectChange } from '@miaobu/shared/model/project/project-repository';
import type { SiteAddress } from '@miaobu/shared/model/project/site-address';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';
import { type Deps as BranchDeps, requireBranch } from '../environments/require-branch.ts';
import { assertUnchanged } from '../etag.ts';
import type { Operation } from '../operation.ts';
import { findProject } from './find-project.ts';
import { presentProject } from './present-project.ts';

export interface Deps extends BranchDeps {
  readonly store: BranchDeps['store'] & Pick<Store, 'transaction'>;
  readonly doorbell: Doorbell;
  readonly address: SiteAddress;
}

const namesOf = {
  name: 'name',
  watch_paths: 'watchPaths',
  root_directory: 'rootDirectory',
  install_command: 'installCommand',
  build_command: 'buildCommand',
  output_directory: 'outputDirectory',
  start_command: 'startCommand',
  runtime: 'runtime',
  node_version: 'nodeVersion',
  spa: 'spa',
} as const satisfies Partial<Record<keyof BodyOf<typeof contract>, keyof ProjectChange>>;

const changeOf = (body: BodyOf<typeof contract>): ProjectChange =>
  Object.fromEntries(
    Object.entries(namesOf).flatMap(([field, name]) => {
      const value = body[field as keyof typeof namesOf];
      return value === undefined ? [] : [[name, value]];
    }),
  );

/** Changes a project, under the lock that pushes take, so that each deployment has either the old or the new settings. */
export const updateProject =
  (deps: Deps): Operation<'updateProject'> =>
  async ({ params, headers, body }, actor, context) => {
    const { requestId, address } = context;
    const { id } = await findProject(deps.store, actor, params.project);
    await requireBranch(deps, actor, { ...params, environment: 'production' }, body.branch, context);
    const updated = await deps.store.transaction(async (repositories) => {
      const production = await repositories.environments.findByName(id, 'production');
      if (!production) throw new AppError('not_found');
      const environment = await repositories.environments.lock(production.id);
      const find = () => findProject(repositories, actor, showId('project', id));
      assertUnchanged(headers['if-match'], presentProject(deps.address, await find()));
      await repositories.projects.change(id, changeOf(body));
      if (body.branch !== undefined) await changeBranch(repositories, environment, body.branch, requestId);
      await repositories.auditLog.append({
        actor: showId('user', actor.user.id),
        action: 'project.updated',
        subject: showId('project', id),
        details: { fields: Object.keys(body) },
        requestId,
        address,
      });
      return find();
    });
    if (body.branch !== undefined) await deps.doorbell.ring(requestId);
    return { data: presentProject(deps.address, updated) };
  };
