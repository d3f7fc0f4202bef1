import { isRecord, recordIn, textIn } from '../../read-json-value.ts';
import { folderBelow, withoutComments } from '../config-text.ts';
import type { FrameworkPlan, NodeProject } from './framework.ts';

/** Builders that put the browser's pages into a separate folder, Angular's default since version 17. */
const IN_BROWSER_FOLDER = /^@angular(?:-devkit)?\/build(?:-angular)?:application$/;

/** A workspace file may have comments, and be overlong without any. */
function workspaceIn(text: string): Record<string, unknown> {
  for (const plain of [() => text, () => withoutComments(text)]) {
    try {
      return recordIn(JSON.parse(plain()));
    } catch {
      // Not JSON as it stands, but it may be without comments.
    }
  }
  return {};
}

/** The application of an Angular workspace: the one that package.json builds, else the default, else the first. */
function applicationIn(
  workspace: Record<string, unknown>,
  build: string,
): [string, Record<string, unknown>] | undefined {
  const applications = Object.entries(recordIn(workspace.projects)).flatMap(([name, project]) => {
    const known = recordIn(project);
    return known.projectType === 'library' ? [] : [[name, known] satisfies [string, Record<string, unknown>]];
  });
  const named = /\bng\s+build\s+(?:--project[=\s])?([\w@/.-]+)/.exec(build)?.[1] ?? textIn(workspace.defaultProject);
  return applications.find(([name]) => name === named) ?? applications[0];
}

/** Where Angular puts its build, from angular.json: since version 17 the pages are in `dist/<project>/browser`. */
export async function planAngular({ folder, file }: NodeProject): Promise<FrameworkPlan> {
  const application = applicationIn(workspaceIn((await folder.read('angular.json')) ?? ''), file.scripts.build ?? '');
  if (!application) return { unsure: true, hint: 'angular.json names no application that could be read.' };
  const [name, project] = application;
  const target = recordIn(recordIn(project.architect ?? project.targets).build);
  const options = recordIn(target.options);
  const said = options.outputPath;
  const base = folderBelow(textIn(said) ?? textIn(recordIn(said).base)) ?? `dist/${name.replace(/^@/, '')}`;
  const modern = IN_BROWSER_FOLDER.test(textIn(target.builder) ?? '');
  const renders = isRecord(options.ssr) || options.ssr === true;
  if (modern && renders && options.outputMode !== 'static') {
    return {
      start: `node ${base}/server/server.mjs`,
      why: `angular.json has "ssr" for ${name}: it renders on a server.`,
    };
  }
  const browser = isRecord(said) ? (textIn(said.browser) ?? 'browser') : 'browser';
  const pages = folderBelow(browser, base) ?? base;
  return {
    outputs: modern ? [pages, base] : [base, pages],
    manyPages: renders || options.prerender === true || isRecord(options.prerender),
    why: `angular.json says where the build of ${name} goes.`,
  };
}
