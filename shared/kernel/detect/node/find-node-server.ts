import type { FoundFramework } from '../frameworks/find-framework.ts';
import type { NodeProject } from '../frameworks/framework.ts';
import { ENDINGS, entryFile } from './entry-file.ts';
import { developedFileOf, fixedPortOf, judgeStart, nodeFileOf, programOf } from './judge-start.ts';
import { serverLibraries } from './server-libraries.ts';
import {
  insteadOf,
  missingPrograms,
  type NodeServer,
  quoted,
  startByScript,
  startInsteadOfDevelopment,
} from './start-script.ts';
import { type UnwrappedScript, unwrapScript } from './unwrap-script.ts';

export interface NodeServerSearch {
  /** `undefined`: this project does not answer requests by itself. */
  readonly server: NodeServer | undefined;
  /** The library that answers requests, if there is one. */
  readonly library: { readonly name: string; readonly package: string } | undefined;
  /** A framework builds it as a site. */
  readonly isSite: boolean;
  /** Why a script or a library that looks like a server was not accepted as one. */
  readonly remark: string | undefined;
}

const SCRIPTS = [
  'start',
  'start:prod',
  'start:production',
  'start:server',
  'serve:prod',
  'production',
  'prod',
  'server',
  'serve',
];
/** Beside a site, only scripts with these names are not tools of the site. */
const SCRIPTS_BESIDE_A_SITE = ['start', 'start:prod', 'start:production', 'start:server'];
const LISTENS = /\.listen\s*\(|\bcreateServer\s*\(|\bserve\s*\(|\bcreateSecureServer\s*\(/;

/** Finds the program that answers requests. `built` is the script that the build runs, if any. */
export async function findNodeServer(
  project: NodeProject,
  found: FoundFramework | undefined,
  built: string | undefined,
): Promise<NodeServerSearch> {
  const { file, folder } = project;
  const known = serverLibraries.flatMap(({ name, packages }) =>
    packages.filter((it) => file.production.has(it)).map((it) => ({ name, package: it })),
  );
  const [library] = known;
  const own = found?.plan.start;
  const isSite = found !== undefined && own === undefined;
  const search = (server: NodeServer | undefined, remark?: string): NodeServerSearch => ({
    server,
    library,
    isSite,
    remark,
  });

  const unwrapped = (isSite ? SCRIPTS_BESIDE_A_SITE : SCRIPTS).flatMap(
    (name) => unwrapScript(file.scripts, name, built) ?? [],
  );
  const judged = unwrapped.map((script) => ({ script, judgement: judgeStart(script.command) }));
  const [main] = judged.filter(({ script }) => script.through[0] === 'start');

  async function listens(name: string | undefined): Promise<boolean> {
    const path = name === undefined ? undefined : folder.firstOf([name, ...ENDINGS.map((it) => `${name}.${it}`)]);
    return path !== undefined && LISTENS.test((await folder.read(path)) ?? '');
  }

  if (own !== undefined) {
    const isOwn = main?.judgement === 'server' && fixedPortOf(main.script.command) === undefined;
    if (isOwn) return search(startByScript(project, main.script));
    return search({ start: own, sure: true, reasons: missingPrograms(project, own) });
  }

  /** A command that is not a tool's, and whose program visibly answers requests, or may do so with a library. */
  async function isServer({ command }: UnwrappedScript): Promise<boolean> {
    if (library) return true;
    const name = nodeFileOf(command);
    if (name === undefined) return !isSite && /^(?:bun|deno)\b/.test(programOf(command) ?? '');
    if (await listens(name)) return true;
    // The output of the build does not exist yet; tools' scripts are in a folder of that name.
    const isThere = folder.firstOf([name, `${name}.js`, `${name}/index.js`]) !== undefined;
    return !isSite && !isThere && built !== undefined;
  }

  for (const { script, judgement } of judged) {
    if (judgement === 'server' && (await isServer(script))) {
      const [first] = judged;
      const better = first?.judgement === 'development' && first.script !== script;
      const server = startByScript(project, script);
      return search(better ? { ...server, reasons: [insteadOf(first.script), ...server.reasons] } : server);
    }
  }

  const developed = judged.find(({ judgement }) => judgement === 'development');
  if (developed && (library !== undefined || (await listens(developedFileOf(developed.script.command))))) {
    return search(await startInsteadOfDevelopment(project, developed.script, library?.package, built));
  }

  const remark = judged.some(({ judgement }) => judgement === 'manager')
    ? 'The script "start" runs a package manager in another folder: to run that program, make its folder the root directory.'
    : undefined;
  if (isSite) {
    const unstarted =
      library &&
      `"${library.package}" is among the dependencies, but no script "start" runs it: only the site is published.`;
    return search(undefined, remark ?? unstarted);
  }

  const web = /^web:\s*(\S.*)$/m.exec((await folder.read('Procfile')) ?? '')?.[1]?.trim();
  if (web !== undefined && (programOf(web) === 'node' || file.production.has(programOf(web) ?? ''))) {
    return search({ start: web, sure: true, reasons: [`Procfile runs ${quoted(web)}.`] });
  }
  const entry = await entryFile(project, library !== undefined, built !== undefined, listens);
  if (entry) return search({ start: `node ${entry.file}`, sure: library !== undefined, reasons: [entry.why] });
  if (library?.name === 'NestJS' && built !== undefined) {
    return search({ start: 'node dist/main.js', sure: true, reasons: ['The build of NestJS makes dist/main.js.'] });
  }
  const unstarted =
    library &&
    `"${library.package}" is among the dependencies, but nothing says how it is started: add a script "start", or set the start command.`;
  return search(undefined, remark ?? unstarted);
}
