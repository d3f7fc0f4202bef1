import { ApiError } from '@miaobu/shared/contracts/client';
import { CliError, type ExitCode, exitCodes } from '../cli-error.ts';
import type { Command, CommandContext } from '../command.ts';
import type { OptionValues } from '../command-options.ts';
import { describeAnalysis } from '../printing/describe-analysis.ts';
import { printableText } from '../printing/printable-text.ts';
import { awaitDeployment } from '../printing/show-progress.ts';
import { repositoryHere } from '../repository-here.ts';

const runtimes = ['static', 'node', 'python'] as const;

function runtimeFrom(text: string | undefined): (typeof runtimes)[number] | undefined {
  const runtime = runtimes.find((it) => it === text);
  if (runtime === undefined && text !== undefined) {
    throw new CliError(
      exitCodes.usage,
      `There is no runtime "${printableText(text)}". Use one of ${runtimes.join(', ')}.`,
    );
  }
  return runtime;
}

/** The settings a person named; the platform finds out the others. */
function settingsFrom(options: OptionValues) {
  const settings = {
    name: options.name,
    branch: options.branch,
    slug: options.slug,
    root_directory: options.root,
    install_command: options['install-command'],
    build_command: options['build-command'],
    output_directory: options.output,
    start_command: options['start-command'],
    runtime: runtimeFrom(options.runtime),
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

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
  summary: 'Makes a project of a repository.',
  more: 'Then follows its first deployment until it is live. What is not said is detected.',
  operands: ['[owner/name]'],
  options: [
    'name',
    'branch',
    'slug',
    'root',
    'install-command',
    'build-command',
    'output',
    'start-command',
    'runtime',
    'no-wait',
  ],
  optionHelp: { branch: 'what goes to production; default: the repository’s default branch' },
  examples: [
    ['miaobu import', 'the repository that this folder’s git remote names'],
    ['miaobu import you/site --branch release', 'another, and the branch whose pushes go live'],
    [
      'miaobu import you/monorepo --root apps/docs --slug docs',
      'one folder of it; it may be imported again for another',
    ],
  ],
  async run(context, [named]): Promise<ExitCode> {
    const { client, terminal, options } = context;
    const repo = named ?? (await repositoryHere(context));
    const { data } = await client('createProject', { body: { repo, ...settingsFrom(options) } });
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
