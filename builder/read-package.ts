import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { BuildFailure, errorCode } from './build-failure.ts';

const names = z.record(z.string(), z.unknown()).optional().catch(undefined);

/** The fields of a package.json that decide how it is built. */
const packageFile = z.object({
  packageManager: z.string().optional().catch(undefined),
  scripts: z.record(z.string(), z.string()).optional().catch(undefined),
  workspaces: z.unknown().optional(),
  dependencies: names,
  devDependencies: names,
  optionalDependencies: names,
});
export type PackageFile = z.output<typeof packageFile>;

/** Reads `package.json` of a folder; undefined when there is none. */
export async function readPackage(folder: string): Promise<PackageFile | undefined> {
  let text: string;
  try {
    text = await readFile(path.join(folder, 'package.json'), 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return packageFile.parse(JSON.parse(text.replace(/^\uFEFF/, '')));
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : 'it is not a JSON object';
    throw new BuildFailure('source_invalid', `package.json cannot be read: ${reason}.`, { cause: error });
  }
}

/** The packages it depends on, directly. */
export const dependenciesOf = (file: PackageFile) =>
  new Set(Object.keys({ ...file.dependencies, ...file.devDependencies, ...file.optionalDependencies }));
