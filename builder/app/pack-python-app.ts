import { readFile } from 'node:fs/promises';
import type { AppFile, AppFiles, Skip } from './app-files.ts';
import { createAppFiles } from './app-files.ts';
import { checkNativeCode } from './check-native-code.ts';
import { PYTHON_FOLDER } from './install-python.ts';
import type { PackedApp, PackInput } from './pack-app.ts';

/** Tool caches, compiled files that record their sources' dates, and what is only for a build. */
const KEPT_BY_TOOLS = new Set([
  '__pycache__',
  '.pytest_cache',
  '.mypy_cache',
  '.ruff_cache',
  '.tox',
  '.nox',
  '.venv',
  '.cache',
  '.ipynb_checkpoints',
  'node_modules',
]);

const skip: Skip = (name, file) => {
  if (file.startsWith(`${PYTHON_FOLDER}/`)) return name === '__pycache__';
  return KEPT_BY_TOOLS.has(name) || name.startsWith('.env');
};

/** What pip records about an installation: its origin, its installer, and the digests of files that are changed here. */
const NOTED_BY_PIP = /^python_deps\/[^/]+\.dist-info\/(INSTALLER|REQUESTED|RECORD|direct_url\.json)$/;

const textOf = async ({ content }: AppFile) =>
  typeof content === 'string' ? readFile(content, 'utf8') : content.toString();

/**
 * Programs that pip creates begin with the path of the Python that created them; a server has another. A long path is
 * on a second line, in syntax that is valid for both a shell and Python.
 */
function withoutOwnPython(script: string): string | undefined {
  const plain = /^#![^\n]*\bpython[\d.]*[^\n]*\n/;
  const long = /^#!\/bin\/sh\n'''exec' [^\n]*\bpython[\d.]*[^\n]*\n' '''\n/;
  const found = long.exec(script) ?? plain.exec(script);
  return found ? `#!/usr/bin/env python3\n${script.slice(found[0].length)}` : undefined;
}

/** The files of an installation, without their digests: a running server may look up which files exist. */
const withoutDigests = (record: string) =>
  record
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .map((line) => line.replace(/,[^,"]*,\d*$/, ',,'))
    .filter((line) => !/\/(INSTALLER|REQUESTED|direct_url\.json),,$|\.pyc,,$/.test(line))
    .sort()
    .join('\n');

/** Removes what differs between two installations of the same packages. */
async function makeRepeatable(app: AppFiles): Promise<void> {
  for (const file of [...app.files.values()]) {
    if (NOTED_BY_PIP.test(file.path)) {
      if (file.path.endsWith('/RECORD'))
        app.put(file.path, Buffer.from(`${withoutDigests(await textOf(file))}\n`), false);
      else app.remove(file.path);
    } else if (/^python_deps\/bin\/[^/]+$/.test(file.path) && file.bytes < 64 * 1024) {
      const script = withoutOwnPython(await textOf(file));
      if (script !== undefined) app.put(file.path, Buffer.from(script), true);
    }
  }
}

/** A built Python server: its files, and its dependencies in `python_deps`. Throws `BuildFailure`. */
export async function packPythonApp({ folder, source, server, user, say, signal }: PackInput): Promise<PackedApp> {
  const app = createAppFiles({ source, user, signal });
  await app.addTree(folder, '', skip);
  await makeRepeatable(app);
  const files = app.complete();
  await checkNativeCode(files, say);
  const installed = files.filter(({ path: file }) => /^python_deps\/[^/]+\.dist-info\/METADATA$/.test(file)).length;
  say(`Packing the project, with ${installed} package${installed === 1 ? '' : 's'} that it needs to run`);
  return { files, start: server.start };
}
