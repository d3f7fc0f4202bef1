import { CliError, exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { describeAnalysis } from '../printing/describe-analysis.ts';
import { printableText } from '../printing/printable-text.ts';
import { repositoryHere } from '../repository-here.ts';

export const analyzeCommand: Command = {
  summary: 'Explains how a repository would be built.',
  more: 'Does not import it.',
  operands: ['[owner/name]'],
  options: ['branch', 'root'],
  optionHelp: { branch: 'default: the repository’s default branch', root: 'the folder in the repository to look at' },
  examples: [['miaobu analyze you/monorepo --root apps/docs', 'one folder of a monorepo']],
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
    if (others.length > 0)
      terminal.line(`\n  Other folders that could be projects: ${printableText(others.join(', '))}`);
    return exitCodes.done;
  },
};
