import { CliError, exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { orMissing } from '../or-missing.ts';
import { projectHere } from '../project-here.ts';

export const environmentsRmCommand: Command = {
  summary: 'Switches staging off.',
  more: 'Its address shows nothing from then on, and its deployments are deleted.',
  operands: [],
  options: ['project', 'yes'],
  examples: [['miaobu environments rm --yes', 'its variables stay, for when it is switched on again']],
  async run(context) {
    const { client, terminal, options, world } = context;
    const { slug } = await projectHere(context);
    if (!options.yes) {
      if (!world.keyboard.interactive) {
        throw new CliError(
          exitCodes.usage,
          `Nobody is here to confirm it; to switch staging of ${slug} off add --yes.`,
        );
      }
      const answer = await world.keyboard.ask(`Switch staging of ${slug} off, and delete its deployments? (y/N) `);
      if (!/^y(es)?$/i.test(answer.trim())) throw new CliError(exitCodes.failed, 'Staging stays on.');
    }
    const params = { project: slug, environment: 'staging' };
    const { data: environment } = await orMissing(
      () => client('getEnvironment', { params }),
      `Staging of ${slug} is off already.`,
    );
    await client('deleteEnvironment', { params });
    if (options.json) terminal.json(environment);
    else terminal.line(`Staging of ${slug} is off.`);
    return exitCodes.done;
  },
};
