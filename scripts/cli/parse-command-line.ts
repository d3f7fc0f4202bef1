import { parseArgs } from 'node:util';
import { CliError, exitCodes } from './cli-error.ts';
import type { Command } from './command.ts';
import { commandAliases } from './command-aliases.ts';
import { commandOptions, globalOptions, type OptionName, type OptionValues } from './command-options.ts';
import { commandTable } from './command-table.ts';
import { helpText, PROGRAM, subcommandsOf, unknownCommand } from './help-text.ts';
import { nearestName } from './nearest-name.ts';
import { programVersion } from './program-version.ts';

export type CommandLine =
  | { readonly kind: 'print'; readonly text: string }
  | {
      readonly kind: 'run';
      readonly command: Command;
      readonly operands: readonly string[];
      readonly options: OptionValues;
    };

const usage = (message: string) => new CliError(exitCodes.usage, message);

function parse(args: readonly string[]): { values: OptionValues; positionals: string[] } {
  // Every program of this user can read a command line while it runs, and a shell keeps it.
  if (args.some((arg) => arg.includes('mb_live_'))) {
    throw usage(`A token does not belong on a command line; pipe it in: ${PROGRAM} login --token < file`);
  }
  try {
    return parseArgs({ args: [...args], options: commandOptions, allowPositionals: true });
  } catch (error) {
    const { message } = error as Error;
    const [, unknown] = /^Unknown option '(--?[^']*)'/.exec(message) ?? [];
    if (unknown !== undefined) {
      const near = nearestName(unknown.replace(/^-+/, ''), Object.keys(commandOptions));
      throw usage(`There is no option ${unknown}. ${near ? `Did you mean --${near}?` : `See: ${PROGRAM} help`}`);
    }
    // Node adds how to pass an operand that begins with a hyphen, which no command has.
    const [problem] = message.split('. To specify', 1);
    throw usage(`${problem?.split('\n')[0]} See: ${PROGRAM} help`);
  }
}

/** What is wrong with how a command is used, if anything. */
function misuse(
  name: string,
  command: Command,
  operands: readonly string[],
  options: OptionValues,
): string | undefined {
  const allowed: readonly OptionName[] = [...globalOptions, ...command.options];
  const foreign = (Object.keys(options) as OptionName[]).find((option) => !allowed.includes(option));
  if (foreign) return `${name} has no option --${foreign}.`;
  const missing = command.operands.find((operand, index) => operand.startsWith('<') && operands[index] === undefined);
  if (missing) return `${name} needs ${missing}.`;
  if (operands.includes('')) return `${name} was given an empty name.`;
  const surplus = operands[command.operands.length];
  if (surplus === undefined) return undefined;
  const near = nearestName(`${name} ${surplus}`, subcommandsOf(name));
  return `${name} does not know what to do with "${surplus}".${near ? ` Did you mean: ${PROGRAM} ${near}` : ''}`;
}

/** The command's name and what follows it: two words where there is such a command. */
function splitName(positionals: readonly string[]): [name: string | undefined, operands: readonly string[]] {
  const two = positionals.slice(0, 2).join(' ');
  const isTwo = commandTable.has(two) || commandAliases.has(two);
  if (positionals.length >= 2 && isTwo) return [commandAliases.get(two) ?? two, positionals.slice(2)];
  const [first, second] = positionals;
  const one = commandAliases.get(first ?? '') ?? first;
  if (one !== undefined && second !== undefined && !commandTable.has(one) && subcommandsOf(one).length > 0) {
    return [two, positionals.slice(2)];
  }
  return [one, positionals.slice(1)];
}

/** Reads the command line. Options may stand anywhere. Throws `CliError` with what is wrong and how it is used. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values: options, positionals } = parse(args);
  if (options.version) return { kind: 'print', text: programVersion() };
  if (positionals[0] === 'help') {
    const named = positionals.slice(1).join(' ');
    return { kind: 'print', text: helpText(commandAliases.get(named) ?? named) };
  }
  const [name, operands] = splitName(positionals);
  if (options.help) return { kind: 'print', text: helpText(name) };
  if (name === undefined) throw usage(helpText());
  const command = commandTable.get(name);
  if (!command) {
    if (subcommandsOf(name).length > 0) throw usage(helpText(name));
    throw unknownCommand(name);
  }
  const problem = misuse(name, command, operands, options);
  if (problem) throw usage(`${problem}\n\n${helpText(name)}`);
  return { kind: 'run', command, operands, options };
}
