import { CliError, exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { orMissing } from '../or-missing.ts';
import { projectHere } from '../project-here.ts';

export const environmentsRmCommand: Command = {
  summary: 'Switches staging off.',
  more: 'Its address stops working, and its deployments are deleted. Its variables are kept.',
  operands: [],
  options: ['project', 'yes'],
  examples: [['miaobu environments rm --yes', 'without asking']],
  async run(context) {
    const { client, terminal, options, world } = context;
    const { slug } = await projectHere(context);
    if (!options.yes) {
      if (!world.keyboard.interactive) {
        throw new CliError(
          exitCodes.usage,
          `Not a terminal, so nobody can confirm; to switch staging of ${slug} off, add --yes.`,
        );
      }
      const answer = await world.keyboard.ask(`Switch staging of ${slug} off and delete its deployments? (y/N) `);
      if (!/^y(es)?$/i.test(answer.trim())) throw new CliError(exitCodes.failed, 'Nothing was changed.');
    }
    const params = { project: slug, environment: 'staging' };
    const { data: environment } = await orMissing(
      () => client('getEnvironment', { params }),
      `Staging of ${slug} is already off.`,
    );
    await client('deleteEnvironment', { params });
    if (options.json) terminal.json(environment);
    else terminal.line(`Switched staging of ${slug} off.`);
    return exitCodes.done;
  },
};
