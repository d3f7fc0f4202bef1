import type { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import { invalidFields } from '@miaobu/shared/kernel/invalid-fields';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { projectsOf } from '../projects/find-project.ts';
import { presentAccountLimits } from './present-account-limits.ts';

const MOST_DAYS = 366;
const MOST_PROJECTS = 200;
const DAY_MS = 86_400_000;

function refuseRange(problem: string): AppError {
  return invalidFields('query', [{ path: ['from'], message: problem }]);
}

/** An account's usage and limits. A token for some projects sees these only. */
export const getUsage =
  (deps: { readonly store: Pick<Store, 'usage' | 'limits'> }): Operation<'getUsage'> =>
  async ({ query }, { user, credential }) => {
    const { today, first } = await deps.store.usage.billDays();
    const to = query.to ?? today;
    const from = query.from ?? (first <= to ? first : `${to.slice(0, 7)}-01`);
    if (from > to) throw refuseRange(`must not be after ${to}`);
    if ((Date.parse(to) - Date.parse(from)) / DAY_MS >= MOST_DAYS)
      throw refuseRange(`must be within ${MOST_DAYS} days of ${to}`);
    const projects = await deps.store.usage.ofProjects(user.id, { from, to, onlyIds: projectsOf(credential) });
    const sum = (amount: (project: (typeof projects)[number]) => number) =>
      projects.reduce((total, project) => total + amount(project), 0);
    return {
      data: {
        from,
        to,
        builds: sum(({ builds }) => builds),
        build_seconds: sum(({ buildSeconds }) => buildSeconds),
        stored_bytes: sum(({ storedBytes }) => storedBytes),
        projects: projects.slice(0, MOST_PROJECTS).map((project) => ({
          project_id: showId('project', project.projectId),
          slug: project.slug,
          builds: project.builds,
          build_seconds: project.buildSeconds,
          stored_bytes: project.storedBytes,
        })),
        limits: presentAccountLimits(await deps.store.limits.find(user.id)),
      },
    };
  };
