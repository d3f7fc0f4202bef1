import { parseArgs } from 'node:util';
import { CliError, exitCodes } from './cli-error.ts';
import type { Command } from './command.ts';
import { commandOptions, globalOptions, type OptionName, type OptionValues } from './command-options.ts';
import { commandTable } from './command-table.ts';
import { helpText, PROGRAM, unknownCommand } from './help-text.ts';

export type CommandLine =
  | { readonly kind: 'help'; readonly text: string }
  | {
      readonly kind: 'run';
      readonly command: Command;
      readonly operands: readonly string[];
      readonly options: OptionValues;
    };

function parse(args: readonly string[]): { values: OptionValues; positionals: string[] } {
  try {
    return parseArgs({ args: [...args], options: commandOptions, allowPositionals: true });
  } catch (error) {
    // Node adds how to pass an operand that begins with a hyphen, which no command has.
    const [problem] = (error as Error).message.split('. To specify', 1);
    throw new CliError(exitCodes.usage, `${problem}. See: ${PROGRAM} help`);
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
  return surplus === undefined ? undefined : `${name} does not know what to do with "${surplus}".`;
}

/** Reads the command line. Options may stand anywhere. Throws `CliError` with what is wrong and how it is used. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values: options, positionals } = parse(args);
  const [name, ...operands] = positionals;
  if (name === 'help') return { kind: 'help', text: helpText(operands[0]) };
  if (options.help) return { kind: 'help', text: helpText(name) };
  if (name === undefined) throw new CliError(exitCodes.usage, helpText());
  const command = commandTable.get(name);
  if (!command) throw unknownCommand(name);
  const problem = misuse(name, command, operands, options);
  if (problem) throw new CliError(exitCodes.usage, `${problem}\n\n${helpText(name)}`);
  return { kind: 'run', command, operands, options };
}
