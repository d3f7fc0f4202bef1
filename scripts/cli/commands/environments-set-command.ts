import { CliError, exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { orMissing } from '../or-missing.ts';
import { printableText } from '../printing/printable-text.ts';
import { projectHere } from '../project-here.ts';
import { switchFrom } from '../variable-choices.ts';

export const environmentsSetCommand: Command = {
  summary: 'Changes the branch or auto-promotion.',
  operands: ['<name>'],
  options: ['project', 'branch', 'auto-promote'],
  optionHelp: { branch: 'the branch to deploy to it from now on' },
  examples: [
    ['miaobu environments set production --branch release', 'deploys release within a minute'],
    ['miaobu environments set production --auto-promote off', 'pushes are built, then wait for miaobu promote'],
  ],
  async run(context, [name = '']) {
    const { client, terminal, options } = context;
    const auto_promote = switchFrom('auto-promote', options['auto-promote']);
    if (options.branch === undefined && auto_promote === undefined) {
      throw new CliError(exitCodes.usage, 'Nothing to change: give --branch or --auto-promote.');
    }
    const { slug } = await projectHere(context);
    const params = { project: slug, environment: name };
    const { data } = await orMissing(
      () => client('updateEnvironment', { params, body: { branch: options.branch, auto_promote } }),
      `${slug} has no environment "${name}". See: miaobu environments`,
    );
    if (options.json) terminal.json(data);
    else {
      const pushes = data.auto_promote ? 'go live automatically' : 'are built, then wait for miaobu promote';
      terminal.line(`${data.name} follows ${printableText(data.branch)}. Pushes ${pushes}.`);
    }
    return exitCodes.done;
  },
};
