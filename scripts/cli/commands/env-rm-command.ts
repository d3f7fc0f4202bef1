import { CliError, exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { nearestName } from '../nearest-name.ts';
import { projectHere } from '../project-here.ts';
import { environmentFrom } from '../variable-choices.ts';

export const envRmCommand: Command = {
  summary: 'Deletes an environment variable.',
  more: 'New deployments do not have it; the live one keeps it.',
  operands: ['<name>'],
  options: ['project', 'environment'],
  optionHelp: { environment: 'production or staging; default: production' },
  examples: [['miaobu env rm API_KEY -e staging', 'deletes it from staging']],
  async run(context, [key = '']) {
    const { client, terminal, options } = context;
    const environment = environmentFrom(options.environment) ?? 'production';
    const { slug: project } = await projectHere(context);
    const { data } = await client('listVariables', { params: { project }, query: { environment } });
    const variable = data.find((each) => each.key === key);
    if (!variable) {
      const near = nearestName(
        key,
        data.map((each) => each.key),
      );
      const hint = near === undefined ? '' : ` Did you mean ${near}?`;
      throw new CliError(exitCodes.missing, `${environment} of ${project} has no variable ${key}.${hint}`);
    }
    await client('deleteVariable', { params: { project, variable: variable.id } });
    if (options.json) terminal.json(variable);
    else terminal.line(`Deleted ${key} from ${environment}. New deployments do not have it.`);
    return exitCodes.done;
  },
};
