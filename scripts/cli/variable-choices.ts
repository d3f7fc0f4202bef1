import { CliError, exitCodes } from './cli-error.ts';
import { nearestName } from './nearest-name.ts';

/** One of these names, as an option gave it; undefined when it did not. Throws `CliError` for another. */
function oneOf<Name extends string>(option: string, text: string | undefined, names: readonly Name[]) {
  const found = names.find((each) => each === text);
  if (found !== undefined || text === undefined) return found;
  const near = nearestName(text, names);
  const hint = near ? `Did you mean ${near}?` : `Use one of ${names.join(', ')}.`;
  throw new CliError(exitCodes.usage, `--${option} cannot be "${text}". ${hint}`);
}

/** The environment whose variables are meant. */
export const environmentFrom = (text: string | undefined) =>
  oneOf('environment', text, ['production', 'staging'] as const);
/** Where a variable exists. */
export const scopeFrom = (text: string | undefined) => oneOf('scope', text, ['build', 'runtime', 'both'] as const);
/** A switch. */
export const switchFrom = (option: string, text: string | undefined) => {
  const word = oneOf(option, text, ['on', 'off'] as const);
  return word === undefined ? undefined : word === 'on';
};
