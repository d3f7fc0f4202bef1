import { CliError, exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { forAdmins } from '../for-admins.ts';
import { printKeys } from '../printing/print-keys.ts';

const kinds = { root: 'root_key', ring: 'ring_key', data: 'data_keys' } as const;

export const keysRotateCommand: Command = {
  summary: 'Rotates the keys of stored secrets (admins).',
  more: 'Secrets stay readable; they are moved to the new keys in the background. Use root after changing MIAOBU_ROOT_KEY.',
  operands: ['<root|ring|data>'],
  options: ['project'],
  optionHelp: { project: 'with data: only the key of this project; id, not slug' },
  examples: [
    ['miaobu keys rotate data', 'encrypts every secret again'],
    ['miaobu keys rotate data -p prj_01jd…', 'only the secrets of one project'],
  ],
  async run(context, [kind = '']) {
    const what = Object.hasOwn(kinds, kind) ? kinds[kind as keyof typeof kinds] : undefined;
    if (what === undefined) throw new CliError(exitCodes.usage, 'Which keys? One of root, ring and data.');
    const { project } = context.options;
    const body = { what, ...(project === undefined ? {} : { project }) };
    const { data } = await forAdmins(() => context.client('rotateKeys', { body }));
    printKeys(context, data);
    return exitCodes.done;
  },
};
