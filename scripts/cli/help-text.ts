import { CliError, exitCodes } from './cli-error.ts';
import type { Command } from './command.ts';
import { aliasesOf } from './command-aliases.ts';
import { commandOptions, globalOptions, type OptionName } from './command-options.ts';
import { commandGroups, commandTable } from './command-table.ts';
import { nearestName } from './nearest-name.ts';
import { displayWidth } from './printing/printable-text.ts';

export const PROGRAM = 'miaobu';

type Row = readonly [string, string];

const aligned = (rows: readonly Row[]) => {
  const width = Math.max(...rows.map(([left]) => displayWidth(left)));
  return rows.map(([left, right]) => `  ${left}${' '.repeat(width - displayWidth(left))}  ${right}`.trimEnd());
};

function optionRow(name: OptionName, command?: Command): Row {
  const option = commandOptions[name];
  const short = 'short' in option ? `-${option.short}, ` : '';
  const help = command?.optionHelp?.[name] ?? option.help;
  return [`${short}--${name}${'value' in option ? ` <${option.value}>` : ''}`, help];
}

const signature = (name: string) => [name, ...(commandTable.get(name)?.operands ?? [])].join(' ');
const rowOf = (name: string): Row => [signature(name), commandTable.get(name)?.summary ?? ''];

function overview(): string {
  const rows = [...commandTable.keys()].map(rowOf);
  const lines = aligned([...rows, ['help [command]', 'Explains a command, with examples.']]);
  const groups = commandGroups.flatMap(({ title, commands }) => [
    '',
    title,
    ...Object.keys(commands).map((name) => lines[rows.findIndex(([left]) => left === signature(name))] ?? ''),
  ]);
  return [
    `${PROGRAM} <command> [options]`,
    ...groups,
    lines.at(-1) ?? '',
    '',
    'Global options',
    ...aligned(globalOptions.map((name) => optionRow(name))),
    '',
    'Environment variables',
    ...aligned([
      ['MIAOBU_API_URL', 'the API to use instead of the one you signed in to'],
      ['MIAOBU_TOKEN', 'the API token to use instead of the stored one'],
      ['NO_COLOR', 'any value turns colours off'],
    ]),
    '',
    'Exit codes',
    ...aligned([
      ['0', 'success'],
      ['1', 'refused, or the deployment failed'],
      ['2', 'wrong usage'],
      ['3', 'not signed in, or not allowed'],
      ['4', 'not found'],
      ['5', 'the API cannot be reached, or is overloaded'],
    ]),
  ].join('\n');
}

export const subcommandsOf = (group: string): string[] =>
  [...commandTable.keys()].filter((name) => name.startsWith(`${group} `));

function groupHelp(group: string): string {
  return [
    `${PROGRAM} ${group} <command> [options]`,
    '',
    ...aligned(subcommandsOf(group).map(rowOf)),
    '',
    `More: ${PROGRAM} help ${subcommandsOf(group)[0]}`,
  ].join('\n');
}

/** A command that does not exist, with what was probably meant. */
export function unknownCommand(name: string): CliError {
  const near = nearestName(name, [...commandTable.keys(), 'help']);
  const hint = near === undefined ? `See: ${PROGRAM} help` : `Did you mean: ${PROGRAM} ${near}`;
  return new CliError(exitCodes.usage, `There is no command "${name}". ${hint}`);
}

/** How to use a command or a group of them; without one, what there is. Throws `CliError` for one that does not exist. */
export function helpText(name = ''): string {
  if (name === '' || name === 'help') return overview();
  const command = commandTable.get(name);
  if (!command) {
    if (subcommandsOf(name).length > 0) return groupHelp(name);
    throw unknownCommand(name);
  }
  const lines = [
    `${PROGRAM} ${signature(name)}${command.options.length > 0 ? ' [options]' : ''}`,
    '',
    [command.summary, command.more].filter((part) => part !== undefined).join('\n'),
  ];
  const aliases = aliasesOf(name);
  if (aliases.length > 0) lines.push(`Alias: ${aliases.map((alias) => `${PROGRAM} ${alias}`).join(', ')}`);
  if (command.options.length > 0) lines.push('', ...aligned(command.options.map((each) => optionRow(each, command))));
  if (command.examples.length > 0) lines.push('', 'Examples', ...aligned(command.examples));
  if (subcommandsOf(name).length > 0) lines.push('', 'See also', ...aligned(subcommandsOf(name).map(rowOf)));
  return lines.join('\n');
}
