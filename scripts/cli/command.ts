import type { ApiClient } from '@miaobu/shared/contracts/client';
import type { ExitCode } from './cli-error.ts';
import type { OptionName, OptionValues } from './command-options.ts';
import type { Terminal } from './terminal.ts';

export interface CommandContext {
  readonly client: ApiClient;
  readonly apiUrl: string;
  readonly terminal: Terminal;
  readonly options: OptionValues;
}

export interface Command {
  readonly summary: string;
  /** Names of what follows the command; those in brackets may be left out. */
  readonly operands: readonly (`<${string}>` | `[${string}]`)[];
  /** The options it has besides those of every command. */
  readonly options: readonly OptionName[];
  run(context: CommandContext, operands: readonly string[]): Promise<ExitCode>;
}
