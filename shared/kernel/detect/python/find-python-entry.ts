import type { ProjectFolder } from '../source-files.ts';
import { type PythonFramework, pythonFrameworks } from './python-frameworks.ts';

/** The entry point of a Python app. */
export interface PythonEntry {
  readonly file: string;
  readonly framework: PythonFramework | undefined;
  /** Its app object, or a function that creates one (`app`, `create_app`); undefined: the file is run. */
  readonly object: { readonly name: string; readonly isFactory: boolean } | undefined;
}

const NAMES = ['main', 'app', 'application', 'server', 'api', 'asgi', 'wsgi', 'run', 'index', 'streamlit_app'];
const FOLDERS = ['', 'app/', 'src/', 'api/', 'src/app/', 'backend/', 'server/'];
/** Each costs a request at a code host. */
const MOST_READ = 10;

/** Signs that a script answers requests. */
const SERVES =
  /\bserve_forever\s*\(|\brun_simple\s*\(|\bmake_server\s*\(|\brun_app\s*\(|\buvicorn\.run\s*\(|\bapp\.run\s*\(|\bserve\s*\(\s*app\b|\.listen\s*\(|\.launch\s*\(|\bquickstart\s*\(|\brun_server\s*\(|\bimport\s+streamlit\b/;

/** Small files that may contain the app, in the order in which they are read. */
function candidates(folder: ProjectFolder, module: string | undefined): string[] {
  const folders = [...FOLDERS, ...(module === undefined ? [] : [`${module}/`, `src/${module}/`])];
  const names = folders.flatMap((it) =>
    [...NAMES, ...(it === '' || it === 'src/' ? [] : ['__init__'])].map((name) => `${it}${name}.py`),
  );
  return [...new Set(names)].filter(folder.has).slice(0, MOST_READ);
}

const makers = pythonFrameworks.flatMap(({ makes }) => makes ?? []);
const OBJECT = new RegExp(
  `^(\\w+)(?:[ \\t]*:[ \\t]*[\\w.]+)?[ \\t]*=\\s*(?:\\w+\\.)?(${makers.join('|')})\\s*\\(`,
  'm',
);
const FACTORY = /^(?:async\s+)?def\s+(create_app|make_app|get_app|build_app)\s*\(/m;
/** `app = create_app()`. */
const MADE = /^(app|application|api)(?:[ \t]*:[ \t]*[\w.]+)?[ \t]*=\s*\S/m;

/** Finds the app among a project's files; `known` is the framework among its dependencies. */
export async function findPythonEntry(
  folder: ProjectFolder,
  module: string | undefined,
  known: PythonFramework | undefined,
): Promise<PythonEntry | undefined> {
  const texts: { file: string; text: string }[] = [];
  for (const file of candidates(folder, module)) {
    const text = (await folder.read(file)) ?? '';
    const [, name, maker] = OBJECT.exec(text) ?? [];
    if (name !== undefined && maker !== undefined) {
      return {
        file,
        framework: pythonFrameworks.find(({ makes }) => makes?.includes(maker)),
        object: { name, isFactory: false },
      };
    }
    texts.push({ file, text });
  }
  const takesObject = known !== undefined && known.interface !== 'itself';
  for (const [pattern, isFactory] of [
    [MADE, false],
    [FACTORY, true],
  ] as const) {
    const found = takesObject ? texts.find(({ text }) => pattern.test(text)) : undefined;
    const name = pattern.exec(found?.text ?? '')?.[1];
    if (found && name !== undefined) return { file: found.file, framework: known, object: { name, isFactory } };
  }
  const script = texts.find(({ text }) => SERVES.test(text));
  return script && { file: script.file, framework: known, object: undefined };
}
