import { access, constants, realpath } from 'node:fs/promises';
import path from 'node:path';

const isThere = (file: string, mode: number) =>
  access(file, mode).then(
    () => true,
    () => false,
  );

/** The file that a command of this name would run. */
export async function findProgram(name: string, searchPath: string): Promise<string | undefined> {
  for (const folder of searchPath.split(path.delimiter)) {
    const file = path.join(folder, name);
    if (await isThere(file, constants.X_OK)) return file;
  }
  return undefined;
}

/**
 * The configuration file that the machine's own npm reads for all its users, if it has one: certificates and registry
 * of a company are usually in it. npm looks for it beside the Node it runs on, so another Node hides it.
 */
export async function findNpmConfiguration(searchPath: string): Promise<string | undefined> {
  const npm = await findProgram('npm', searchPath);
  const program = npm && (await realpath(npm));
  const [, prefix] = /^(.*)\/lib\/node_modules\/npm\/bin\/npm-cli\.js$/.exec(program ?? '') ?? [];
  const file = prefix === undefined ? undefined : `${prefix}/etc/npmrc`;
  return file !== undefined && (await isThere(file, constants.R_OK)) ? file : undefined;
}
