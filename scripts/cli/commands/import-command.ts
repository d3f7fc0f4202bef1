import { ApiError } from '@miaobu/shared/contracts/client';
import type { ExitCode } from '../cli-error.ts';
import type { Command, CommandContext } from '../command.ts';
import { describeAnalysis } from '../printing/describe-analysis.ts';
import { awaitDeployment } from '../printing/show-progress.ts';
import { repositoryHere } from '../repository-here.ts';
import { settingsFrom, settingsOptions } from '../settings-options.ts';

/** Shows what the platform has found out. Nothing is, without it; so what it fails by is not the import's matter. */
async function showFindings({ client, terminal, options }: CommandContext, repository: string): Promise<void> {
  const [owner = '', repo = ''] = repository.split('/');
  const query = { branch: options.branch, root_directory: options.root };
  try {
    describeAnalysis(terminal, (await client('analyzeRepository', { params: { owner, repo }, query })).data);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

export const importCommand: Command = {
  summary: 'Creates a project from a GitHub repository.',
  more: 'Detects what the options leave open, and waits until the first deployment is live.',
  operands: ['[owner/name]'],
  options: ['name', 'branch', 'slug', ...settingsOptions, 'no-wait'],
  optionHelp: { branch: 'the production branch; default: the repository’s default branch' },
  examples: [
    ['miaobu import', 'the repository of this folder’s git remote'],
    ['miaobu import you/site --branch release', 'another repository, with release as its production branch'],
    [
      'miaobu import you/monorepo --root apps/docs --slug docs',
      'one folder of a monorepo; import it again for another',
    ],
  ],
  async run(context, [named]): Promise<ExitCode> {
    const { client, terminal, options } = context;
    const { name, branch, slug } = options;
    const repo = named ?? (await repositoryHere(context));
    const { data } = await client('createProject', { body: { repo, name, branch, slug, ...settingsFrom(options) } });
    const { deployment: begun, ...project } = data;
    if (!options.json) {
      terminal.line(
        `Imported ${terminal.paint('bold', project.repository)} as ${terminal.paint('bold', project.slug)}.`,
      );
      await showFindings(context, project.repository);
    }
    return awaitDeployment(context, project, begun, (deployment) => ({ ...project, deployment }));
  },
};
