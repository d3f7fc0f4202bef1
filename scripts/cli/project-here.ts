import type { Project } from '@miaobu/shared/contracts/projects';
import { CliError, exitCodes } from './cli-error.ts';
import type { CommandContext } from './command.ts';
import { everyPage } from './every-page.ts';
import { type GitFolder, gitHere, repositoryOf } from './git-here.ts';
import { orMissing } from './or-missing.ts';

const NAME_ONE = 'Name one with --project.';

/** Of the projects of one repository those that the person's folder is in: the deepest root directory that holds it. */
function nearest(projects: readonly Project[], folder: string): readonly Project[] {
  const holds = (root: string) => root === '' || folder === root || folder.startsWith(`${root}/`);
  const rootOf = ({ settings }: Project) => settings.root_directory.replace(/^\.\/|^\.$|\/$/g, '');
  const around = projects.filter((project) => holds(rootOf(project)));
  const deepest = Math.max(...around.map((project) => rootOf(project).length));
  const found = around.filter((project) => rootOf(project).length === deepest);
  return found.length > 0 ? found : projects;
}

async function choose({ notes, world }: CommandContext, projects: readonly Project[]): Promise<Project> {
  const slugs = projects.map(({ slug }) => slug).join(', ');
  if (!world.keyboard.interactive) {
    throw new CliError(exitCodes.usage, `Several projects use this repository: ${slugs}. ${NAME_ONE}`);
  }
  notes.line('Several projects use this repository:');
  projects.forEach(({ slug, settings }, index) => {
    notes.line(`  ${index + 1}  ${slug}  ${notes.paint('dim', settings.root_directory || '(its root)')}`);
  });
  const answer = (await world.keyboard.ask('Which one? ')).trim();
  const chosen = projects[Number(answer) - 1] ?? projects.find(({ slug }) => slug === answer);
  if (!chosen) throw new CliError(exitCodes.usage, `There is no such choice. ${NAME_ONE}`);
  return chosen;
}

/** The projects that are made of one of the repository's remotes. */
async function projectsOf({ client }: CommandContext, git: GitFolder): Promise<readonly Project[]> {
  for (const remote of git.remotes) {
    const repository = repositoryOf(remote)?.toLowerCase();
    if (repository === undefined) continue;
    const found = await everyPage((query) => client('listProjects', { query: { ...query, q: repository } }));
    const exact = found.filter((project) => project.repository.toLowerCase() === repository);
    if (exact.length > 0) return exact;
  }
  return [];
}

/**
 * The project that a command is about: the one that was named, else the one that `link` chose, else the one made of the repository of this
 * folder. Of several the person chooses.
 */
export async function projectHere(context: CommandContext, named = context.options.project): Promise<Project> {
  const { client, world } = context;
  const get = async (project: string) => {
    const { data } = await orMissing(
      () => client('getProject', { params: { project } }),
      `You have no project "${project}". See: miaobu list`,
    );
    return data;
  };
  if (named !== undefined) return get(named);
  const git = await gitHere(world);
  if (!git) throw new CliError(exitCodes.usage, `This folder is not in a git repository. ${NAME_ONE}`);
  if (git.linked !== undefined) return get(git.linked);
  const found = nearest(await projectsOf(context, git), git.path);
  const [only] = found;
  if (only === undefined) {
    const how = `Import it with: miaobu import. Or name a project with --project.`;
    throw new CliError(exitCodes.missing, `None of your projects uses this folder's repository. ${how}`);
  }
  return found.length === 1 ? only : choose(context, found);
}
