import { parse } from 'smol-toml';
import { isRecord, recordIn, textIn } from '../../read-json-value.ts';
import type { PythonDependencies } from '../detect-build.ts';
import type { AskedVersion } from '../node-version.ts';
import { firstLineOf } from '../node-version.ts';
import { foldersUpwards, type ProjectFolder, pathIn, type SourceFiles } from '../source-files.ts';

export interface PythonManifest extends PythonDependencies {
  /** Every package found, including the lockfile's; lower case, `-` for `_` and `.`. */
  readonly packages: ReadonlySet<string>;
  /** The project's own name, as a module. */
  readonly module: string | undefined;
  readonly version: AskedVersion | undefined;
  readonly problem: string | undefined;
}

type Table = Record<string, unknown>;

const normalName = (name: string) => name.toLowerCase().replace(/[-_.]+/g, '-');

/** Extras that include a server. */
const EXTRAS: Readonly<Record<string, readonly string[]>> = {
  'fastapi[standard]': ['uvicorn'],
  'fastapi[all]': ['uvicorn'],
  'litestar[standard]': ['uvicorn'],
};

/** The packages required by one requirement (PEP 508), such as `uvicorn[standard]>=0.30; python_version > "3.8"`. */
function packagesOf(requirement: string): string[] {
  const [, name, extras] = /^\s*([A-Za-z0-9][\w.-]*)\s*(?:\[([^\]]*)\])?/.exec(requirement) ?? [];
  if (name === undefined) return [];
  const own = normalName(name);
  return [own, ...(extras ?? '').split(',').flatMap((extra) => EXTRAS[`${own}[${extra.trim()}]`] ?? [])];
}

/** The requirements in a pip file, and in those that it includes from the same folder. */
async function readRequirements(folder: ProjectFolder, name: string, depth = 0): Promise<string[]> {
  const lines = ((await folder.read(name)) ?? '').split('\n').map((line) => line.replace(/(?:^|\s)#.*/, '').trim());
  const found = await Promise.all(
    lines.map(async (line) => {
      const included = /^(?:-r|--requirement)[\s=]+(\S+)$/.exec(line)?.[1];
      if (included !== undefined)
        return depth < 2 ? readRequirements(folder, included.replace(/^\.\//, ''), depth + 1) : [];
      return line.startsWith('-') ? [] : packagesOf(line);
    }),
  );
  return found.flat();
}

async function readToml(folder: ProjectFolder, name: string): Promise<{ table: Table; problem: string | undefined }> {
  const text = await folder.read(name);
  try {
    return { table: text === undefined ? {} : parse(text), problem: undefined };
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : 'it is not TOML').split('\n');
    return { table: {}, problem: `${name} cannot be read: ${line}.` };
  }
}

/** Names in `uv.lock` and `poetry.lock`. */
const lockedNames = (text: string | undefined) =>
  [...(text ?? '').matchAll(/^name = "([^"]+)"/gm)].map(([, name]) => normalName(name ?? ''));

async function findVersion(folder: ProjectFolder, pyproject: Table, pipfile: Table): Promise<AskedVersion | undefined> {
  for (const from of ['.python-version', 'runtime.txt'].filter(folder.has)) {
    const version = firstLineOf(await folder.read(from));
    if (version !== '') return { version, from };
  }
  const requires = recordIn(pipfile.requires);
  const asked = [
    { version: textIn(recordIn(pyproject.project)['requires-python']), from: '"requires-python" in pyproject.toml' },
    {
      version: textIn(recordIn(recordIn(recordIn(pyproject.tool).poetry).dependencies).python),
      from: '"python" in pyproject.toml',
    },
    { version: textIn(requires.python_full_version) ?? textIn(requires.python_version), from: '"requires" in Pipfile' },
  ];
  return asked.flatMap(({ version, from }) => (version === undefined ? [] : [{ version, from }]))[0];
}

/** The Python packages according to a project's files; undefined when none of these files exists. */
export async function readPythonManifest(
  files: SourceFiles,
  root: string,
  folder: ProjectFolder,
): Promise<PythonManifest | undefined> {
  const names = [
    'requirements.txt',
    'pyproject.toml',
    'Pipfile',
    'Pipfile.lock',
    'setup.py',
    'manage.py',
    'runtime.txt',
    '.python-version',
  ];
  if (folder.firstOf(names) === undefined) return undefined;
  const { table: pyproject, problem } = await readToml(folder, 'pyproject.toml');
  const { table: pipfile, problem: pipfileProblem } = await readToml(folder, 'Pipfile');
  const project = recordIn(pyproject.project);
  const poetry = recordIn(recordIn(pyproject.tool).poetry);
  const listed = Array.isArray(project.dependencies)
    ? project.dependencies.flatMap((it) => packagesOf(textIn(it) ?? ''))
    : [];
  const ofPoetry = Object.entries(recordIn(poetry.dependencies)).flatMap(([name, value]) => {
    const extras = recordIn(value).extras;
    return packagesOf(Array.isArray(extras) ? `${name}[${extras.join(',')}]` : name);
  });

  const here = (name: string) => (folder.has(name) ? pathIn(root, name) : undefined);
  // uv has one lockfile for the whole workspace.
  const uvLock = [...foldersUpwards(root)].map((it) => pathIn(it, 'uv.lock')).find((path) => files.has(path));
  const choices = [
    { source: 'uv', path: pyproject.project === undefined ? undefined : uvLock },
    { source: 'poetry', path: here('poetry.lock') },
    { source: 'pipfile', path: here('Pipfile.lock') },
    { source: 'requirements', path: here('requirements.txt') },
    { source: 'pipfile', path: here('Pipfile') },
    {
      source: 'poetry',
      path: pyproject.project === undefined && isRecord(poetry.dependencies) ? here('pyproject.toml') : undefined,
    },
    { source: 'pyproject', path: pyproject.project === undefined ? undefined : here('pyproject.toml') },
  ] as const;
  const chosen = choices.find(({ path }) => path !== undefined) ?? { source: 'none', path: undefined };

  const packages = new Set([...listed, ...ofPoetry]);
  if (chosen.source === 'pipfile') {
    for (const name of Object.keys(recordIn(pipfile.packages))) packages.add(normalName(name));
  } else if (chosen.source === 'requirements') {
    for (const name of await readRequirements(folder, 'requirements.txt')) packages.add(name);
  } else if (chosen.path?.endsWith('.lock')) {
    for (const name of lockedNames(await files.readText(chosen.path))) packages.add(name);
  }
  const name = textIn(project.name) ?? textIn(poetry.name);
  return {
    source: chosen.source,
    path: chosen.path,
    packages,
    module: name === undefined ? undefined : normalName(name).replaceAll('-', '_'),
    version: await findVersion(folder, pyproject, pipfile),
    problem: chosen.source === 'requirements' ? undefined : (problem ?? pipfileProblem),
  };
}
