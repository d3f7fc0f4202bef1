import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { shortened } from '../printing/printable-text.ts';
import { projectHere } from '../project-here.ts';

const NAME_WIDTH = 60;

export const hooksCreateCommand: Command = {
  summary: 'Creates a deploy hook.',
  more: 'A URL that deploys a branch when it is called. Its secret is shown only once.',
  operands: ['<name>'],
  options: ['project', 'environment'],
  optionHelp: { environment: 'production or staging; default: production' },
  examples: [['miaobu hooks create cms', 'prints a curl command that deploys production']],
  async run(context, [name = '']) {
    const { client, terminal, options, apiUrl } = context;
    const { slug } = await projectHere(context);
    const body = { name, environment: options.environment };
    const { data: hook } = await client('createDeployHook', { params: { project: slug }, body });
    if (options.json) terminal.json(hook);
    else {
      terminal.line(
        `${terminal.paint('bold', shortened(hook.name, NAME_WIDTH))} (${hook.id}) deploys ${hook.environment} of ${slug}. Its secret is shown only this once:`,
      );
      terminal.line();
      terminal.line(`  curl -X POST -H 'Authorization: Bearer ${hook.secret}' ${new URL(hook.path, apiUrl)}`);
    }
    return exitCodes.done;
  },
};
