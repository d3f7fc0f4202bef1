import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { orMissing } from '../or-missing.ts';
import { projectHere } from '../project-here.ts';

export const hooksRmCommand: Command = {
  summary: 'Deletes a deploy hook.',
  more: 'Its secret stops working immediately.',
  operands: ['<hook>'],
  options: ['project'],
  examples: [['miaobu hooks rm dhk_01jd…', 'the id is shown by miaobu hooks list']],
  async run(context, [id = '']) {
    const { client, terminal, options } = context;
    const { slug } = await projectHere(context);
    const params = { project: slug, deploy_hook: id };
    await orMissing(
      () => client('deleteDeployHook', { params }),
      `${slug} has no deploy hook "${id}". See: miaobu hooks list`,
    );
    if (options.json) terminal.json({ id });
    else terminal.line(`Deleted ${id}.`);
    return exitCodes.done;
  },
};
