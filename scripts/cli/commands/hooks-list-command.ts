import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { everyPage } from '../every-page.ts';
import { shortened } from '../printing/printable-text.ts';
import { timeAgo } from '../printing/time-words.ts';
import { projectHere } from '../project-here.ts';

const NAME_WIDTH = 40;

export const hooksListCommand: Command = {
  summary: 'Lists deploy hooks.',
  more: 'A deploy hook is a URL that deploys a branch when it is called with its secret.',
  operands: [],
  options: ['project'],
  examples: [['miaobu hooks list', 'with when each was last used']],
  async run(context) {
    const { client, terminal, options, world } = context;
    const { slug } = await projectHere(context);
    const hooks = await everyPage((query) => client('listDeployHooks', { params: { project: slug }, query }));
    if (options.json) terminal.json(hooks);
    else if (hooks.length === 0) terminal.line('No deploy hooks yet. Create one with: miaobu hooks create <name>');
    else {
      const rows = hooks.map(({ id, name, environment, last_used_at }) => [
        id,
        shortened(name, NAME_WIDTH),
        environment,
        last_used_at === null ? { text: 'never', style: 'dim' as const } : timeAgo(last_used_at, world.now()),
      ]);
      terminal.table(['HOOK', 'NAME', 'ENVIRONMENT', 'LAST USED'], rows);
    }
    return exitCodes.done;
  },
};
