import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { orMissing } from '../or-missing.ts';
import { projectHere } from '../project-here.ts';

export const openCommand: Command = {
  summary: 'Opens the site in your browser.',
  more: 'Also prints its URL.',
  operands: ['[project]'],
  options: ['project', 'environment'],
  examples: [
    ['miaobu open', 'production of this folder’s project'],
    ['miaobu open my-site -e staging', 'staging of my-site'],
  ],
  async run(context, [named]) {
    const { client, terminal, options, world } = context;
    const project = await projectHere(context, named ?? options.project);
    const params = { project: project.slug, environment: options.environment ?? 'production' };
    const { data: environment } = await orMissing(
      () => client('getEnvironment', { params }),
      `${project.slug} has no environment "${params.environment}". See: miaobu environments`,
    );
    if (options.json) {
      terminal.json(environment);
      return exitCodes.done;
    }
    terminal.line(environment.url);
    if (environment.current_deployment_id === null) context.notes.line(`Nothing is live in ${environment.name} yet.`);
    else world.openBrowser(environment.url);
    return exitCodes.done;
  },
};
