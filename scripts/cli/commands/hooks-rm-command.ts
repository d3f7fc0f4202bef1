import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { orMissing } from '../or-missing.ts';
import { projectHere } from '../project-here.ts';

export const hooksRmCommand: Command = {
  summary: 'Ends a deploy hook.',
  more: 'Its secret counts no more.',
  operands: ['<hook>'],
  options: ['project'],
  examples: [['miaobu hooks rm hook_01jd…', 'its id is in miaobu hooks list']],
  async run(context, [id = '']) {
    const { client, terminal, options } = context;
    const { slug } = await projectHere(context);
    const params = { project: slug, deploy_hook: id };
    await orMissing(
      () => client('deleteDeployHook', { params }),
      `${slug} has no deploy hook "${id}". See: miaobu hooks list`,
    );
    if (options.json) terminal.json({ id });
    else terminal.line(`${id} counts no more.`);
    return exitCodes.done;
  },
};
