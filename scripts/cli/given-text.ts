import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CliError, exitCodes } from './cli-error.ts';
import type { World } from './command.ts';

/** The text of a file that was named from where the person is; `-` is standard input. Throws `CliError` for one that cannot be read. */
export async function textOfFile({ folder, keyboard }: World, name: string): Promise<string> {
  if (name === '-') return keyboard.readAll();
  try {
    return readFileSync(path.resolve(folder, name), 'utf8');
  } catch (error) {
    throw new CliError(exitCodes.usage, `Cannot read ${name} (${(error as NodeJS.ErrnoException).code}).`);
  }
}
