import type { ProjectFolder, SourceFiles } from '../source-files.ts';
import { findPythonEntry } from './find-python-entry.ts';
import { type PythonManifest, readPythonManifest } from './python-dependencies.ts';
import { pythonFrameworks } from './python-frameworks.ts';
import { type PythonStart, startOfDjango, startOfEntry } from './python-start.ts';

export interface PythonApp {
  readonly manifest: PythonManifest;
  readonly framework: { readonly name: string } | undefined;
  /** Undefined when nothing was found that answers requests. */
  readonly server: (PythonStart & { readonly why: string }) | undefined;
  /** What identifies it as an app, for the user. */
  readonly why: string;
}

const NO_MANIFEST: PythonManifest = {
  source: 'none',
  path: undefined,
  packages: new Set(),
  module: undefined,
  version: undefined,
  problem: undefined,
};

async function findDjango(folder: ProjectFolder): Promise<string | undefined> {
  const settings = /DJANGO_SETTINGS_MODULE['"]\s*,\s*['"]([\w.]+)['"]/.exec(
    (await folder.read('manage.py')) ?? '',
  )?.[1];
  if (settings === undefined) return undefined;
  // `mysite.settings`, or `config.settings.production`.
  const above = settings.replace(/\.settings(?:\..*)?$/, '');
  const module = above === settings ? settings.replace(/\.\w+$/, '') : above;
  return folder.firstOf(['wsgi.py', 'asgi.py'].map((name) => `${module.replaceAll('.', '/')}/${name}`)) === undefined
    ? undefined
    : module;
}

/** The Python app in a project's root directory; undefined when there is no sign of Python. */
export async function findPythonApp(
  files: SourceFiles,
  root: string,
  folder: ProjectFolder,
): Promise<PythonApp | undefined> {
  const manifest = await readPythonManifest(files, root, folder);
  const isPackage = (name: string) => folder.has(`${name}/__init__.py`);
  const { packages, module, path } = manifest ?? NO_MANIFEST;
  const known = pythonFrameworks.find((it) => packages.has(it.package));
  const listed = known && `"${known.package}" is among the dependencies in ${path ?? 'its files'}.`;

  const django = await findDjango(folder);
  if (django !== undefined && (known === undefined || known.name === 'Django')) {
    const asgi = folder.has(`${django.replaceAll('.', '/')}/asgi.py`);
    const why = `manage.py names the settings of ${django}.`;
    const server = { ...startOfDjango(django, asgi, packages), why };
    return { manifest: manifest ?? NO_MANIFEST, framework: { name: 'Django' }, server, why: listed ?? why };
  }

  const web = /^web:\s*(\S.*)$/m.exec((await folder.read('Procfile')) ?? '')?.[1]?.trim();
  if (manifest && web !== undefined && !/^(?:npm|node|yarn|pnpm)\b/.test(web)) {
    const why = `Procfile runs \`${web}\`.`;
    return {
      manifest,
      framework: known,
      server: { start: web, advice: undefined, sure: true, why },
      why: listed ?? why,
    };
  }

  const entry = await findPythonEntry(folder, module, known);
  if (entry) {
    const { framework, file, object } = entry;
    const why = object === undefined ? `${file} answers requests.` : `${file} makes the app "${object.name}".`;
    const server = { ...startOfEntry(entry, packages, isPackage), why };
    return { manifest: manifest ?? NO_MANIFEST, framework: framework ?? known, server, why: listed ?? why };
  }
  if (!manifest) return undefined;
  return { manifest, framework: known, server: undefined, why: listed ?? `There is a ${path ?? 'Python project'}.` };
}
