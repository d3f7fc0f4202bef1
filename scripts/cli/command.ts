import type { ApiClient, ApiStreams } from '@miaobu/shared/contracts/client';
import type { ExitCode } from './cli-error.ts';
import type { OptionName, OptionValues } from './command-options.ts';
import type { Keyboard } from './keyboard.ts';
import type { Terminal } from './printing/terminal.ts';

/** What a command can reach of the machine it runs on. Tests bring their own. */
export interface World {
  readonly environment: NodeJS.ProcessEnv;
  /** The folder the person is in. */
  readonly folder: string;
  readonly fetch: typeof fetch;
  readonly keyboard: Keyboard;
  now(): Date;
  /** Waits. Resolves early, and never rejects, when the signal fires. */
  pause(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Shows an address in the person's browser; false when there is none. */
  openBrowser(url: string): boolean;
}

export interface CommandContext {
  readonly client: ApiClient;
  readonly streams: ApiStreams;
  readonly apiUrl: string;
  /** Where the answer goes. */
  readonly terminal: Terminal;
  /** Where what is said besides the answer goes: questions, hints. */
  readonly notes: Terminal;
  readonly options: OptionValues;
  readonly world: World;
}

export interface Command {
  /** One line. */
  readonly summary: string;
  /** What else there is to know. */
  readonly more?: string;
  /** What follows the command; those in brackets are optional. */
  readonly operands: readonly (`<${string}>` | `[${string}]`)[];
  /** The options it has besides those of every command. */
  readonly options: readonly OptionName[];
  /** What an option means here, where that differs. */
  readonly optionHelp?: Readonly<Partial<Record<OptionName, string>>>;
  /** Command lines, without the program, and what each does. */
  readonly examples: readonly (readonly [commandLine: string, meaning: string])[];
  /** Works without a token. */
  readonly signedOut?: true;
  run(context: CommandContext, operands: readonly string[]): Promise<ExitCode>;
}
