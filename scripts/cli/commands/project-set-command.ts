import { CliError, exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { printSettings } from '../printing/print-settings.ts';
import { projectHere } from '../project-here.ts';
import { settingsFrom, settingsOptions } from '../settings-options.ts';

const detectable = {
  'install-command': 'install_command',
  'build-command': 'build_command',
  output: 'output_directory',
  'start-command': 'start_command',
  runtime: 'runtime',
} as const;

/** The settings that are to be detected again: null for each that was named. */
function detectedAgain(text: string | undefined): Readonly<Record<string, null>> {
  const names = text === undefined ? [] : text.split(',').map((name) => name.trim());
  return Object.fromEntries(
    names.map((name) => {
      if (Object.hasOwn(detectable, name)) return [detectable[name as keyof typeof detectable], null];
      const all = Object.keys(detectable).join(', ');
      throw new CliError(exitCodes.usage, `--detect cannot be "${name}". Use some of: ${all}`);
    }),
  );
}

export const projectSetCommand: Command = {
  summary: 'Changes the settings of a project.',
  more: 'Settings apply from the next deployment on; a new branch is deployed within a minute.',
  operands: [],
  options: ['project', 'name', 'branch', ...settingsOptions, 'detect'],
  optionHelp: {
    name: 'name of the project; its slug stays',
    branch: 'the branch to deploy to production from now on',
    root: 'the folder in the repository; "" is its root',
    'install-command': '"" runs nothing',
    'build-command': '"" runs nothing',
    output: 'the folder to publish',
    'start-command': '"": a static site',
    runtime: 'static, node or python',
  },
  examples: [
    ['miaobu project set --build-command "npm run docs" --output public', 'sets two settings'],
    ['miaobu project set --detect build-command,output', 'leaves them to detection again'],
  ],
  async run(context) {
    const { client, options } = context;
    const named = { name: options.name, branch: options.branch };
    const body = { ...named, ...settingsFrom(options), ...detectedAgain(options.detect) };
    if (Object.values(body).every((value) => value === undefined)) {
      throw new CliError(exitCodes.usage, 'Nothing to change: give at least one setting. See: miaobu help project set');
    }
    const { slug } = await projectHere(context);
    const { data } = await client('updateProject', { params: { project: slug }, body });
    printSettings(context, data);
    return exitCodes.done;
  },
};
