import type { PythonEntry } from './find-python-entry.ts';

export interface PythonStart {
  readonly start: string;
  /** What to add so that it runs, or runs well; for the user. */
  readonly advice: string | undefined;
  /** It runs with its declared dependencies. */
  readonly sure: boolean;
}

/** An app object of a module: `--app-dir src main:app`, or `app.main:app`. */
interface Target {
  readonly object: string;
  /** The folder to search for modules, if it is not the root directory. */
  readonly folder: string | undefined;
  readonly isFactory: boolean;
}

/** By convention `src/` is not a package: its modules import each other without `src.`. */
function targetOf({ file, object }: PythonEntry, isPackage: (folder: string) => boolean): Target {
  const inSource = file.startsWith('src/') && !isPackage('src');
  const module = (inSource ? file.slice('src/'.length) : file).replace(/(?:\/__init__)?\.py$/, '').replaceAll('/', '.');
  return {
    object: `${module}:${object?.name ?? 'app'}`,
    folder: inSource ? 'src' : undefined,
    isFactory: object?.isFactory === true,
  };
}

const BIND = '0.0.0.0:$PORT';
const HOST_AND_PORT = '--host 0.0.0.0 --port $PORT';

function asgiStart({ object, folder, isFactory }: Target, packages: ReadonlySet<string>): PythonStart {
  const factory = isFactory ? '--factory ' : '';
  const uvicorn = `python -m uvicorn ${folder === undefined ? '' : `--app-dir ${folder} `}${factory}${object} ${HOST_AND_PORT}`;
  if (!packages.has('uvicorn') && folder === undefined && !isFactory) {
    if (packages.has('hypercorn'))
      return { start: `python -m hypercorn ${object} --bind ${BIND}`, advice: undefined, sure: true };
    if (packages.has('granian')) {
      return { start: `python -m granian --interface asgi ${HOST_AND_PORT} ${object}`, advice: undefined, sure: true };
    }
  }
  const has = packages.has('uvicorn');
  return { start: uvicorn, advice: has ? undefined : 'It needs a server: add uvicorn to the dependencies.', sure: has };
}

function wsgiStart({ object, folder, isFactory }: Target, packages: ReadonlySet<string>): PythonStart | undefined {
  const called = isFactory ? `'${object}()'` : object;
  if (packages.has('gunicorn')) {
    const start = `python -m gunicorn ${folder === undefined ? '' : `--chdir ${folder} `}--bind ${BIND} ${called}`;
    return { start, advice: undefined, sure: true };
  }
  if (packages.has('waitress') && folder === undefined) {
    return {
      start: `python -m waitress --listen=${BIND} ${isFactory ? `--call ${object}` : object}`,
      advice: undefined,
      sure: true,
    };
  }
  return undefined;
}

const FOR_DEVELOPMENT = 'is run by its own server, which is for development: add gunicorn to the dependencies.';

/** The command that starts an app found in a file. */
export function startOfEntry(
  entry: PythonEntry,
  packages: ReadonlySet<string>,
  isPackage: (folder: string) => boolean,
): PythonStart {
  const { file, framework } = entry;
  const target = targetOf(entry, isPackage);
  const itself = { start: `python ${file}`, advice: undefined, sure: true };
  if (framework?.name === 'Streamlit') {
    const options = '--server.address 0.0.0.0 --server.port $PORT --server.headless true';
    return { ...itself, start: `python -m streamlit run ${file} ${options}` };
  }
  if (entry.object === undefined) return itself;
  if (framework?.name === 'Sanic') return { ...itself, start: `python -m sanic ${target.object} ${HOST_AND_PORT}` };
  // Quart depends on Hypercorn.
  if (framework?.name === 'Quart' && !packages.has('uvicorn'))
    return asgiStart(target, new Set([...packages, 'hypercorn']));
  if (framework?.interface === 'asgi') return asgiStart(target, packages);
  const served = wsgiStart(target, packages);
  if (served) return served;
  if (framework?.name === 'Flask') {
    const app = target.folder === undefined ? target.object : `${target.folder}.${target.object}`;
    return {
      start: `python -m flask --app ${app} run ${HOST_AND_PORT}`,
      advice: `Flask ${FOR_DEVELOPMENT}`,
      sure: false,
    };
  }
  return { ...itself, advice: `${framework?.name ?? 'It'} ${FOR_DEVELOPMENT}`, sure: false };
}

/** The command that starts a Django project whose settings are in `module`. */
export function startOfDjango(module: string, hasAsgi: boolean, packages: ReadonlySet<string>): PythonStart {
  const target = (kind: string): Target => ({
    object: `${module}.${kind}:application`,
    folder: undefined,
    isFactory: false,
  });
  const prefersAsgi = hasAsgi && (packages.has('channels') || !packages.has('gunicorn'));
  if (prefersAsgi && packages.has('daphne')) {
    return { start: `daphne -b 0.0.0.0 -p $PORT ${module}.asgi:application`, advice: undefined, sure: true };
  }
  if (prefersAsgi && packages.has('uvicorn')) return asgiStart(target('asgi'), packages);
  return (
    wsgiStart(target('wsgi'), packages) ?? {
      start: `python manage.py runserver --noreload ${BIND}`,
      advice: `Django ${FOR_DEVELOPMENT}`,
      sure: false,
    }
  );
}
