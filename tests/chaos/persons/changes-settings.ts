import { AppError } from '@miaobu/shared/kernel/app-error';
import { createEnvironment } from '../../../functions/api/environments/create-environment.ts';
import { deleteEnvironment } from '../../../functions/api/environments/delete-environment.ts';
import { deleteProject } from '../../../functions/api/projects/delete-project.ts';
import { updateProject } from '../../../functions/api/projects/update-project.ts';
import type { World } from '../world.ts';
import { DELETED_SLUG, FIRST_SLUG, somebody } from './person.ts';

/** Deletes the second project. Answered or not, once that is committed the project has to disappear. */
export function somebodyDeletes(world: World): void {
  world.deletion.began = true;
  somebody(world, ({ parts, as }) =>
    deleteProject(parts)({ params: { project: DELETED_SLUG }, query: {}, body: undefined }, ...as),
  );
}

/** Toggles the staging of the first project. */
export function somebodySwitchesStaging(world: World): void {
  somebody(world, ({ parts, as }) => {
    const of = { project: FIRST_SLUG, environment: 'staging' };
    return deleteEnvironment(parts)({ params: of, query: {}, body: undefined }, ...as).catch((error: unknown) => {
      if (!(error instanceof AppError) || error.code !== 'not_found') throw error;
      const body = { name: 'staging', branch: 'dev' } as const;
      return createEnvironment(parts)({ params: { project: FIRST_SLUG }, query: {}, body }, ...as);
    });
  });
}

/** Commits that change only what this leaves out need no deployment. */
const narrow = [{ watch_paths: ['site/**'] }, { root_directory: 'site' }];
const wide = { watch_paths: null, root_directory: '.' };

/** Changes which files of the repository matter to a project, or what its builds run. */
export function somebodyChangesSettings(world: World): void {
  const { random } = world;
  const project = random.pick([FIRST_SLUG, DELETED_SLUG]) ?? FIRST_SLUG;
  const narrower = random.chance(0.6) ? random.pick(narrow) : undefined;
  const body = narrower ?? random.pick([wide, wide, { build_command: 'npm run site' }]) ?? wide;
  if (narrower) world.narrowed.add(project);
  somebody(world, ({ parts, as }) =>
    updateProject(parts)({ params: { project }, query: {}, headers: {}, body }, ...as),
  );
}

/** Lets the second project follow the other branch. */
export function somebodyChangesBranch(world: World): void {
  const branch = world.random.pick(['main', 'dev']) ?? 'main';
  somebody(world, ({ parts, as }) =>
    updateProject(parts)({ params: { project: DELETED_SLUG }, query: {}, headers: {}, body: { branch } }, ...as),
  );
}
