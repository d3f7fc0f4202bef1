import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { BuildFailure, errorCode } from '../../build-failure.ts';
import type { BuildUser } from '../../commands/build-user.ts';
import { isInside } from '../../source/folder-inside.ts';

/** Files of the output directory that say how the site is served: never part of the site. */
export const OUTPUT_RULE_FILES = ['_redirects', '_headers'] as const;
/** The same of the project's root directory. */
export const ROOT_RULE_FILES = ['netlify.toml', 'vercel.json'] as const;

const FILE_LIMIT_BYTES = 1024 * 1024;

export type RuleFile =
  | { readonly kind: 'found'; readonly text: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly why: string };

/**
 * Reads a file of rules. The build may have replaced it with a link: nothing outside `folder` (a real path) is read, nor
 * what the build could not read itself. Throws `BuildFailure` for one that is too large.
 */
export async function readRuleFile(folder: string, name: string, user: BuildUser | undefined): Promise<RuleFile> {
  try {
    const file = await realpath(path.join(folder, name));
    if (!isInside(folder, file)) return { kind: 'unreadable', why: 'it is a symbolic link out of its directory' };
    const state = await stat(file);
    if (!state.isFile()) return { kind: 'missing' };
    if (user && state.uid !== user.uid && (state.mode & 0o004) === 0) {
      return { kind: 'unreadable', why: 'the build cannot read it' };
    }
    if (state.size > FILE_LIMIT_BYTES) {
      throw new BuildFailure('output_invalid', `${name} is over the limit of ${FILE_LIMIT_BYTES / 1024 / 1024} MB.`);
    }
    return { kind: 'found', text: new TextDecoder().decode(await readFile(file)) };
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return { kind: 'missing' };
    throw error;
  }
}
