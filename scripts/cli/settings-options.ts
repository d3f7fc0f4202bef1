import { CliError, exitCodes } from './cli-error.ts';
import type { OptionName, OptionValues } from './command-options.ts';
import { printableText } from './printing/printable-text.ts';

const runtimes = ['static', 'node', 'python'] as const;

function runtimeFrom(text: string | undefined): (typeof runtimes)[number] | undefined {
  const runtime = runtimes.find((it) => it === text);
  if (runtime === undefined && text !== undefined) {
    throw new CliError(
      exitCodes.usage,
      `There is no runtime "${printableText(text)}". Use one of ${runtimes.join(', ')}.`,
    );
  }
  return runtime;
}

/** The options that say how a project is built. */
export const settingsOptions = [
  'root',
  'install-command',
  'build-command',
  'output',
  'start-command',
  'runtime',
] as const satisfies readonly OptionName[];

/** The settings of a project that the options name, and no others. */
export function settingsFrom(options: OptionValues) {
  const settings = {
    root_directory: options.root,
    install_command: options['install-command'],
    build_command: options['build-command'],
    output_directory: options.output,
    start_command: options['start-command'],
    runtime: runtimeFrom(options.runtime),
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
