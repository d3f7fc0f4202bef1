import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { forAdmins } from '../for-admins.ts';
import { printKeys } from '../printing/print-keys.ts';

export const keysStatusCommand: Command = {
  summary: 'Shows the keys of stored secrets (admins).',
  operands: [],
  options: [],
  examples: [['miaobu keys status', 'says whether the previous root key is still needed']],
  async run(context) {
    const { data } = await forAdmins(() => context.client('getKeys', {}));
    printKeys(context, data);
    return exitCodes.done;
  },
};
