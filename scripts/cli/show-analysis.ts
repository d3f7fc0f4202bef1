import type { RepositoryAnalysis } from '@miaobu/shared/contracts/code-repositories';
import { CliError, exitCodes } from './cli-error.ts';
import type { Command } from './command.ts';
import { printableText } from './printable-text.ts';
import { repositoryHere } from './repository-here.ts';
import type { Terminal } from './terminal.ts';

const LABEL_WIDTH = 11;
const runtimes = { node: 'Node.js', python: 'Python' } as const;

/** How a repository would be built, and why. */
export function describeAnalysis(terminal: Terminal, analysis: RepositoryAnalysis): void {
  const { framework, confidence, package_manager, install_command, build_command, start_command } = analysis;
  const row = (label: string, text: string) =>
    terminal.line(`  ${terminal.paint('dim', label.padEnd(LABEL_WIDTH))}${printableText(text)}`);
  const guessed = confidence === 'low' ? ' (a guess)' : '';
  row('Framework', `${framework ?? 'none that is known'}${guessed}`);
  const by = install_command === null || package_manager === null ? '' : ` (${package_manager})`;
  const packages = analysis.python_dependencies;
  const installed = [install_command === null ? [] : install_command + by, packages === null ? [] : `pip, ${packages}`];
  row('Install', installed.flat().join('; ') || 'nothing');
  row('Build', build_command ?? 'nothing');
  if (analysis.kind === 'static') row('Output', analysis.output_directories.join(', '));
  else {
    row('Start', start_command ?? 'nothing that is known');
    if (analysis.runtime_version !== null) row('Runs on', `${runtimes[analysis.kind]} ${analysis.runtime_version}`);
  }
  if (analysis.kind !== 'node' && analysis.node_version !== null) row('Node', analysis.node_version);
  if (analysis.problem !== null) row('Problem', analysis.problem);
}

export const showAnalysis: Command = {
  summary: 'Tells how a repository would be built, and why.',
  more: 'Imports nothing.',
  operands: ['[owner/name]'],
  options: ['branch', 'root'],
  optionHelp: { branch: 'default: the repository’s default branch', root: 'the folder in the repository to look at' },
  examples: [['miaobu analyze you/monorepo --root apps/docs', '']],
  async run(context, [named]) {
    const { client, terminal, options } = context;
    const [owner = '', repo = '', more] = (named ?? (await repositoryHere(context))).split('/');
    if (owner === '' || repo === '' || more !== undefined) {
      throw new CliError(exitCodes.usage, `A repository looks like owner/name, not "${printableText(named ?? '')}".`);
    }
    const query = { branch: options.branch, root_directory: options.root };
    const { data } = await client('analyzeRepository', { params: { owner, repo }, query });
    if (options.json) {
      terminal.json(data);
      return exitCodes.done;
    }
    terminal.line(`${terminal.paint('bold', data.full_name)}, ${printableText(data.branch)}`);
    describeAnalysis(terminal, data);
    if (data.reasons.length > 0) terminal.line();
    for (const { text } of data.reasons) terminal.line(`  ${printableText(text)}`);
    const others = data.package_directories.filter((folder) => folder !== data.root_directory && folder !== '');
    if (others.length > 0) terminal.line(`\n  Other folders that may be projects: ${printableText(others.join(', '))}`);
    return exitCodes.done;
  },
};
