import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { forAdmins } from '../for-admins.ts';
import { printKeys } from '../printing/print-keys.ts';

export const keysStatusCommand: Command = {
  summary: 'Tells what the platform’s secrets are under, if you run it.',
  operands: [],
  options: [],
  examples: [['miaobu keys status', 'whether an old root key may be forgotten']],
  async run(context) {
    const { data } = await forAdmins(() => context.client('getKeys', {}));
    printKeys(context, data);
    return exitCodes.done;
  },
};
