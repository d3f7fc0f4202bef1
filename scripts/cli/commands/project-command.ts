import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { printSettings } from '../printing/print-settings.ts';
import { projectHere } from '../project-here.ts';

export const projectCommand: Command = {
  summary: 'Shows the settings of a project.',
  operands: [],
  options: ['project'],
  examples: [
    ['miaobu project', 'the project of this folder'],
    ['miaobu project -p my-site --json', 'my-site, as JSON'],
  ],
  async run(context) {
    printSettings(context, await projectHere(context));
    return exitCodes.done;
  },
};
