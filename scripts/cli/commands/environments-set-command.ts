import { CliError, exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { orMissing } from '../or-missing.ts';
import { printableText } from '../printing/printable-text.ts';
import { projectHere } from '../project-here.ts';
import { switchFrom } from '../variable-choices.ts';

export const environmentsSetCommand: Command = {
  summary: 'Changes the branch, and whether pushes go live.',
  operands: ['<name>'],
  options: ['project', 'branch', 'auto-promote'],
  optionHelp: { branch: 'whose pushes go there' },
  examples: [
    ['miaobu environments set production --branch release', ''],
    ['miaobu environments set production --auto-promote off', 'pushes are built, and wait for miaobu promote'],
  ],
  async run(context, [name = '']) {
    const { client, terminal, options } = context;
    const auto_promote = switchFrom('auto-promote', options['auto-promote']);
    if (options.branch === undefined && auto_promote === undefined) {
      throw new CliError(exitCodes.usage, 'What is to change? Give --branch or --auto-promote.');
    }
    const { slug } = await projectHere(context);
    const params = { project: slug, environment: name };
    const { data } = await orMissing(
      () => client('updateEnvironment', { params, body: { branch: options.branch, auto_promote } }),
      `${slug} has no environment "${name}". See: miaobu environments`,
    );
    if (options.json) terminal.json(data);
    else {
      const pushes = data.auto_promote ? 'go live by themselves' : 'are built, and wait';
      terminal.line(`${data.name} follows ${printableText(data.branch)}; its pushes ${pushes}.`);
    }
    return exitCodes.done;
  },
};
