import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { PythonDependencies } from '@miaobu/shared/kernel/detect/detect-build';
import { BuildFailure } from '../build-failure.ts';
import { findProgram } from '../commands/find-program.ts';
import type { RunInstall } from '../commands/install-dependencies.ts';
import type { CommandResult } from '../commands/run-command.ts';
import { pipfileRequirements, projectRequirements, type Requirements } from './python-requirements.ts';

/** Where the dependencies of a Python app lie, in its root directory. */
export const PYTHON_FOLDER = 'python_deps';

/** Wheels that load on Debian 11, which has glibc 2.31. */
const PLATFORMS = [
  'manylinux_2_31',
  'manylinux_2_28',
  'manylinux_2_24',
  'manylinux_2_17',
  'manylinux2014',
  'manylinux_2_12',
  'manylinux_2_5',
];

/** In addition to what every command of a Python app downloads. */
const PIP_ENVIRONMENT: Readonly<Record<string, string>> = {
  PIP_ROOT_USER_ACTION: 'ignore',
  // The pip that fetches a package's build requirements would read it too, and fail. Empty is the same as absent.
  PIP_TARGET: '',
};

async function findPython(version: string, searchPath: string): Promise<{ program: string; isRight: boolean }> {
  for (const name of [`python${version}`, 'python3']) {
    const program = await findProgram(name, searchPath);
    if (program === undefined) continue;
    try {
      const { stdout } = await promisify(execFile)(program, ['--version'], { cwd: '/', env: {} });
      return { program: name, isRight: stdout.startsWith(`Python ${version}.`) };
    } catch {
      // A program of this name that does not run; the next one might.
    }
  }
  throw new BuildFailure('install_failed', `This project needs Python ${version}, and this runner has no Python.`);
}

async function readRequirements(file: string, source: PythonDependencies['source']): Promise<Requirements> {
  try {
    const text = await readFile(file, 'utf8');
    if (source === 'pipfile') return pipfileRequirements(text, file.endsWith('.lock'));
    const pyproject = path.join(path.dirname(file), 'pyproject.toml');
    return path.basename(file) === 'pyproject.toml'
      ? projectRequirements(text, undefined)
      : projectRequirements(await readFile(pyproject, 'utf8'), text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new BuildFailure('install_failed', `The dependencies in ${path.basename(file)} cannot be read: ${why}`);
  }
}

/**
 * Installs a Python app's dependencies beside it, into `python_deps`: with pip, whatever tool manages the project, because only pip is
 * available everywhere. A lockfile's versions are kept. First only with wheels for the servers' system and Python version; if some
 * package has none and this machine's Python is of that version, also by building it. To be called before any code of the
 * repository has run: it reads files of the repository. Throws `BuildFailure`.
 */
export async function installPython({
  python,
  version,
  folder,
  source,
  workFolder,
  searchPath,
  run,
  say,
}: {
  python: PythonDependencies;
  /** Of the servers' Python, e.g. `3.12`. */
  version: string;
  folder: string;
  source: string;
  /** A place the build can read but not write. */
  workFolder: string;
  /** The PATH of the user's commands. */
  searchPath: string;
  /** Runs a command of the user's in `folder`. */
  run: RunInstall;
  say: (line: string) => void;
}): Promise<{ readonly command: string; readonly result: CommandResult } | undefined> {
  if (python.source === 'none' || python.path === undefined) return undefined;
  const { program, isRight } = await findPython(version, searchPath);
  const file = path.join(source, python.path);
  const from = await requirementOptions(file, python.source, { folder, workFolder, say });
  if (from === undefined) return undefined;
  const pip = `rm -rf ${PYTHON_FOLDER} && ${program} -m pip install --disable-pip-version-check --no-input --no-compile --target ${PYTHON_FOLDER}`;
  const platforms = PLATFORMS.map((it) => `--platform ${it}_x86_64`).join(' ');
  const wheels = `--only-binary=:all: --implementation cp --python-version ${version} ${platforms}`;
  const command = `pip install ${from}`;
  const options = { shown: command, environment: PIP_ENVIRONMENT };
  say(`Taking packages that are ready made for Python ${version} on the servers.`);
  let result = await run(`${pip} ${wheels} ${from}`, options);
  if (result.outcome === 'failed' && isRight && process.platform === 'linux') {
    say('Not every package is there ready made for the servers; trying to build what is missing.');
    result = await run(`${pip} ${from}`, options);
  } else if (result.outcome === 'failed' && !isRight) {
    say(
      `Note: this runner has no Python ${version}, so only packages that are there ready made for it can be installed.`,
    );
  }
  // Listing all of its options would hide what it does.
  return { command: `pip install ${from}`, result };
}

/** The pip options that name what to install; undefined when there is nothing. */
async function requirementOptions(
  file: string,
  source: PythonDependencies['source'],
  { folder, workFolder, say }: { folder: string; workFolder: string; say: (line: string) => void },
): Promise<string | undefined> {
  if (source === 'requirements') return `-r ${quoted(path.relative(folder, file))}`;
  const { lines, constraints } = await readRequirements(file, source);
  if (lines.length === 0) return undefined;
  say(
    `${lines.length} dependencies from ${path.basename(file)}${constraints.length > 0 ? `, with its ${constraints.length} versions` : ''}`,
  );
  const write = async (option: string, name: string, content: readonly string[]) => {
    const written = path.join(workFolder, name);
    await writeFile(written, `${content.join('\n')}\n`);
    return `${option} ${quoted(path.relative(folder, written))}`;
  };
  const required = await write('-r', 'requirements.txt', lines);
  return constraints.length === 0 ? required : `${required} ${await write('-c', 'constraints.txt', constraints)}`;
}

const quoted = (text: string) => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
