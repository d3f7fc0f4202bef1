import { CliError, exitCodes } from './cli-error.ts';
import type { CommandContext } from './command.ts';
import { gitHere, repositoryOf } from './git-here.ts';

/** `owner/name` of the repository whose folder the person is in, by its remote. */
export async function repositoryHere({ world }: Pick<CommandContext, 'world'>): Promise<string> {
  const git = await gitHere(world);
  const [repository] = git?.remotes.flatMap((remote) => repositoryOf(remote) ?? []) ?? [];
  if (repository !== undefined) return repository;
  throw new CliError(exitCodes.usage, 'This folder has no git remote on GitHub; name a repository: owner/name');
}
