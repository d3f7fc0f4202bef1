import { CliError, exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { forAdmins } from '../for-admins.ts';
import { printKeys } from '../printing/print-keys.ts';

const kinds = { root: 'root_key', ring: 'ring_key', data: 'data_keys' } as const;

export const keysRotateCommand: Command = {
  summary: 'Begins to use new keys for the platform’s secrets, if you run it.',
  more: 'All secrets stay readable; what is under the old keys follows within minutes. After a change of MIAOBU_ROOT_KEY it is `root`.',
  operands: ['<root|ring|data>'],
  options: ['project'],
  optionHelp: { project: 'only its data key; by id' },
  examples: [
    ['miaobu keys rotate data', 'every secret is sealed anew'],
    ['miaobu keys rotate data -p prj_01jd…', 'those of one project'],
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
