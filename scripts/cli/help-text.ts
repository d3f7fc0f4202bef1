import { CliError, exitCodes } from './cli-error.ts';
import { commandOptions, globalOptions, type OptionName } from './command-options.ts';
import { commandTable } from './command-table.ts';

export const PROGRAM = 'npm run miaobu --';

const aligned = (rows: readonly (readonly [string, string])[]) => {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
};

function optionRow(name: OptionName): [string, string] {
  const option = commandOptions[name];
  const short = 'short' in option ? `-${option.short}, ` : '';
  return [`${short}--${name}${'value' in option ? ` <${option.value}>` : ''}`, option.help];
}

const signature = (name: string) => [name, ...(commandTable.get(name)?.operands ?? [])].join(' ');

function overview(): string {
  const rows = [...commandTable].map(([name, { summary }]): [string, string] => [signature(name), summary]);
  return [
    `${PROGRAM} <command> [options]`,
    '',
    ...aligned([...rows, ['help [command]', 'Tells about a command.']]),
    '',
    'Every command takes:',
    ...aligned(globalOptions.map(optionRow)),
    '',
    'Ends with 0 when done, 1 when refused or a deployment failed, 2 for a mistake in the command line,',
    '3 when there is no Miaobu to talk to.',
  ].join('\n');
}

export const unknownCommand = (name: string) =>
  new CliError(exitCodes.usage, `There is no command "${name}". See: ${PROGRAM} help`);

/** How to use a command; without one, what there is. Throws `CliError` for one that does not exist. */
export function helpText(command?: string): string {
  if (command === undefined || command === 'help') return overview();
  const known = commandTable.get(command);
  if (!known) throw unknownCommand(command);
  const usage = `${PROGRAM} ${signature(command)}`;
  if (known.options.length === 0) return `${usage}\n\n${known.summary}`;
  return [`${usage} [options]`, '', known.summary, '', ...aligned(known.options.map(optionRow))].join('\n');
}
