import { type Stats, statSync } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { MANIFEST_LIMITS, type ManifestFile, pathProblem } from '@miaobu/shared/contracts/manifest';
import { BuildFailure } from '../build-failure.ts';
import type { BuildUser } from '../commands/build-user.ts';
import { isInside } from '../source/folder-inside.ts';
import { inParallel } from '../upload/in-parallel.ts';
import { type ContentDigests, createFileHasher } from './content-digests.ts';
import { contentType } from './content-type.ts';
import { type FoundRules, readRoutingRules } from './rules/read-routing-rules.ts';
import { OUTPUT_RULE_FILES, ROOT_RULE_FILES } from './rules/rule-file.ts';

const PARALLEL = 16;

export interface CollectedFile extends ManifestFile, ContentDigests {
  /** Where its content is read from. */
  readonly source: string;
}

export interface Collected {
  readonly files: readonly CollectedFile[];
  /** Paths that were found but are never published. */
  readonly ignored: readonly string[];
  /** The routing rules in the site's own files. */
  readonly routing: FoundRules;
}

/** Repositories, environment files and credentials of npm are never part of a site. */
const isNeverPublished = (name: string) =>
  name === '.git' || name === '.DS_Store' || name === '.npmrc' || name.startsWith('.env');

const megabytes = (bytes: number) => `${bytes / 1024 / 1024} MB`;

function refuse(file: string, problem: string): never {
  throw new BuildFailure('output_invalid', `The output cannot be published: ${JSON.stringify(file)} ${problem}.`);
}

interface FoundFile {
  readonly path: string;
  readonly source: string;
  readonly bytes: number;
}

/** The files below `root`, with every limit checked before anything is read. */
async function findFiles(root: string, isProjectRoot: boolean, user: BuildUser | undefined) {
  const files: FoundFile[] = [];
  const ignored: string[] = [];
  const ruleFiles: readonly string[] = isProjectRoot ? [...OUTPUT_RULE_FILES, ...ROOT_RULE_FILES] : OUTPUT_RULE_FILES;
  const rulesFound: string[] = [];
  const byFoldedPath = new Map<string, string>();
  let total = 0;

  function claim(file: string) {
    const problem = pathProblem(file);
    if (problem) refuse(file, problem);
    const folded = file.toLowerCase();
    const other = byFoldedPath.get(folded);
    if (other !== undefined) refuse(file, `and ${JSON.stringify(other)} differ in upper and lower case only`);
    byFoldedPath.set(folded, file);
  }

  function add(file: string, source: string, state: Stats) {
    if (!state.isFile()) refuse(file, 'is neither a file nor a folder');
    // The runner may read more than the build may: a hard link must not publish what only the runner can see.
    if (user && state.uid !== user.uid && (state.mode & 0o004) === 0) refuse(file, 'cannot be read by the build');
    if (state.size > MANIFEST_LIMITS.fileBytes) {
      refuse(file, `has ${state.size} bytes; the limit is ${megabytes(MANIFEST_LIMITS.fileBytes)}`);
    }
    total += state.size;
    if (total > MANIFEST_LIMITS.totalBytes) {
      throw new BuildFailure(
        'output_invalid',
        `The site is over the limit of ${megabytes(MANIFEST_LIMITS.totalBytes)}.`,
      );
    }
    files.push({ path: file, source, bytes: state.size });
    if (files.length > MANIFEST_LIMITS.files) {
      throw new BuildFailure('output_invalid', `The site has more than ${MANIFEST_LIMITS.files} files, the limit.`);
    }
  }

  async function follow(link: string, file: string): Promise<string> {
    const target = await realpath(link).catch(() => refuse(file, 'is a symbolic link that leads nowhere'));
    if (!isInside(root, target)) refuse(file, 'is a symbolic link out of the output directory');
    // What must not be published under its own name must not be under another.
    const hidden = path.relative(root, target).split(path.sep);
    if (hidden.some(isNeverPublished)) refuse(file, 'is a symbolic link to a file that is never published');
    return target;
  }

  /** `above` holds the real paths of the folders that are being walked: a link to one of them never ends. */
  async function walk(folder: string, prefix: string, above: readonly string[]): Promise<void> {
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries) {
      // macOS writes names decomposed; the manifest has them composed, as browsers ask for them.
      const file = (prefix + entry.name).normalize('NFC');
      if (entry.name.includes('\ufffd')) refuse(file, 'has a name that is not UTF-8');
      if (isNeverPublished(entry.name) || (isProjectRoot && file === 'node_modules')) {
        ignored.push(file);
        continue;
      }
      // They are read, not served.
      if (ruleFiles.includes(file) && !entry.isDirectory()) {
        rulesFound.push(file);
        continue;
      }
      claim(file);
      const own = path.join(folder, entry.name);
      const source = entry.isSymbolicLink() ? await follow(own, file) : own;
      if (entry.isDirectory() || (entry.isSymbolicLink() && statSync(source).isDirectory())) {
        if (above.includes(source)) refuse(file, 'is a symbolic link to a folder that contains it');
        await walk(source, `${file}/`, [...above, source]);
      } else add(file, source, statSync(source));
    }
  }

  await walk(root, '', [root]);
  return { files, ignored, rulesFound };
}

/**
 * Lists and hashes what is to be published. Throws `BuildFailure` with `output_empty` or `output_invalid`. `folder` is a
 * real path; nothing may be writing there any more.
 */
export async function collectOutput({
  folder,
  root = folder,
  isProjectRoot,
  user,
}: {
  folder: string;
  /** The project's root directory, a real path, when it is another. */
  root?: string;
  /** The output directory is the project's own: its dependencies are not part of the site. */
  isProjectRoot: boolean;
  user: BuildUser | undefined;
}): Promise<Collected> {
  const { files, ignored, rulesFound } = await findFiles(folder, isProjectRoot, user);
  if (files.length === 0) {
    const others = [...ignored, ...rulesFound];
    const why = others.length === 0 ? 'is empty' : `has nothing but ${others.slice(0, 5).join(', ')}`;
    throw new BuildFailure('output_empty', `There is nothing to publish: the output directory ${why}.`);
  }
  const digests = createFileHasher();
  const collected = await inParallel(files, PARALLEL, async (file) => ({
    ...file,
    ...(await digests(file.source, file.bytes)),
    type: contentType(file.path),
  }));
  const routing = await readRoutingRules({ output: folder, root, user });
  return { files: collected.sort((a, b) => (a.path < b.path ? -1 : 1)), ignored, routing };
}
