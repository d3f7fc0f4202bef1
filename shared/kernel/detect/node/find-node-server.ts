import type { FoundFramework } from '../frameworks/find-framework.ts';
import type { NodeProject } from '../frameworks/framework.ts';
import { compiledFile } from './compiled-file.ts';
import { developedFileOf, fixedPortOf, judgeStart, nodeFileOf, programOf } from './judge-start.ts';
import { serverLibraries } from './server-libraries.ts';
import { type UnwrappedScript, unwrapScript } from './unwrap-script.ts';

export interface NodeServer {
  readonly start: string;
  /** Whether it can be told from package.json and the files that it does run. */
  readonly sure: boolean;
  /** Why, and what to do about it; for a person. */
  readonly reasons: readonly string[];
}

export interface NodeServerSearch {
  /** `undefined`: this project answers no requests by itself. */
  readonly server: NodeServer | undefined;
  /** The library that answers requests, if there is one. */
  readonly library: { readonly name: string; readonly package: string } | undefined;
  /** A framework makes a site of it. */
  readonly isSite: boolean;
  /** Why a script or a library that looks like a server was not taken for one. */
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
/** With a site beside it, only what is named so is no tool of the site. */
const SCRIPTS_BESIDE_A_SITE = ['start', 'start:prod', 'start:production', 'start:server'];
const ENDINGS = ['js', 'mjs', 'cjs'];
const FILES = ['server', 'app', 'index', 'main', 'src/server', 'src/app', 'src/index', 'src/main', 'bin/www'].flatMap(
  (name) => (name === 'bin/www' ? [name] : ENDINGS.map((ending) => `${name}.${ending}`)),
);

const LISTENS = /\.listen\s*\(|\bcreateServer\s*\(|\bserve\s*\(|\bcreateSecureServer\s*\(/;

const quoted = (text: string) => `\`${text}\``;

/** Looks for the program that answers requests. `built` is the script that the build runs, if it runs one. */
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
    if (isOwn) return search(fromScript(project, main.script));
    return search({ start: own, sure: true, reasons: missing(project, own) });
  }

  /** A command that is no tool's, and whose program is seen to answer requests, or would be by a library. */
  async function isServer({ command }: UnwrappedScript): Promise<boolean> {
    if (library) return true;
    const name = nodeFileOf(command);
    if (name === undefined) return !isSite && /^(?:bun|deno)\b/.test(programOf(command) ?? '');
    if (await listens(name)) return true;
    // What the build is yet to make cannot be looked at; the scripts of tools lie in a folder of that name.
    const isThere = folder.firstOf([name, `${name}.js`, `${name}/index.js`]) !== undefined;
    return !isSite && !isThere && built !== undefined;
  }

  for (const { script, judgement } of judged) {
    if (judgement === 'server' && (await isServer(script))) {
      const [first] = judged;
      const better = first?.judgement === 'development' && first.script !== script;
      const server = fromScript(project, script);
      return search(better ? { ...server, reasons: [insteadOf(first.script), ...server.reasons] } : server);
    }
  }

  const developed = judged.find(({ judgement }) => judgement === 'development');
  if (developed && (library !== undefined || (await listens(developedFileOf(developed.script.command))))) {
    return search(await insteadOfDevelopment(project, developed.script, library?.package, built));
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

/** A file that `main` names, or of a well-known name, when no script starts anything. */
async function entryFile(
  { file, folder }: NodeProject,
  hasLibrary: boolean,
  isBuilt: boolean,
  listens: (name: string) => Promise<boolean>,
): Promise<{ file: string; why: string } | undefined> {
  const main = file.main?.replace(/^\.\//, '');
  if (main !== undefined && /\.[cm]?js$/.test(main)) {
    const isMade = isBuilt && !folder.has(main) && /^(?:dist|build|lib|out|\.output)\//.test(main);
    if ((hasLibrary && (folder.has(main) || isMade)) || (await listens(main))) {
      return { file: main, why: '"main" in package.json names it.' };
    }
  }
  for (const name of FILES.filter((it) => folder.has(it))) {
    if (await listens(name)) return { file: name, why: `${name} answers requests.` };
  }
  const [first] = hasLibrary ? FILES.filter((it) => folder.has(it)) : [];
  return first === undefined ? undefined : { file: first, why: `There is a ${first}.` };
}

function fromScript(project: NodeProject, { command, through }: UnwrappedScript): NodeServer {
  const path = through.map((name) => `"${name}"`).join(', which runs ');
  const missed = missing(project, command);
  const port = fixedPortOf(command);
  return {
    start: command,
    sure: missed.length === 0 && port === undefined,
    reasons: [
      `package.json has a script ${path}.`,
      ...missed,
      ...(port === undefined ? [] : [`It asks for port ${port}: requests come to the one that PORT names.`]),
    ],
  };
}

const insteadOf = ({ command, through }: UnwrappedScript) =>
  `The script "${through[0]}" runs ${quoted(command)}, which is for development.`;

/** Programs that an app is run without. */
function missing({ file }: NodeProject, command: string): string[] {
  const program = programOf(command) ?? '';
  if (file.dependencies.has(program) && !file.production.has(program)) {
    return [
      `"${program}" is only among the devDependencies, which an app is run without: move it to the dependencies.`,
    ];
  }
  if ((program === 'bun' || program === 'deno') && !file.production.has(program)) {
    return [`An app is run by Node.js, without ${program}: add it to the dependencies, or start the app with node.`];
  }
  return [];
}

/** What a tool for development runs, without the tool. */
async function insteadOfDevelopment(
  project: NodeProject,
  script: UnwrappedScript,
  library: string | undefined,
  built: string | undefined,
): Promise<NodeServer> {
  const { file, folder } = project;
  const instead = (start: string): NodeServer => ({
    start,
    sure: true,
    reasons: [insteadOf(script), `${quoted(start)} is run instead.`],
  });
  const developed = developedFileOf(script.command);
  const isScript = developed !== undefined && /\.[cm]?js$/.test(developed) && !/\.config\./.test(developed);
  if (library === '@nestjs/core' && built !== undefined) return instead('node dist/main.js');
  if (isScript) return instead(`node ${developed}`);
  const main = file.main?.replace(/^\.\//, '');
  const mainIsMade = main !== undefined && /\.[cm]?js$/.test(main) && built !== undefined && !folder.has(main);
  if (developed !== undefined && built !== undefined) {
    const compiled = await compiledFile(folder, developed);
    if (compiled !== undefined) return instead(`node ${compiled}`);
  }
  if (mainIsMade || (main !== undefined && developed === undefined && folder.has(main))) return instead(`node ${main}`);
  return {
    start: script.command,
    sure: false,
    reasons: [
      insteadOf(script),
      ...missing(project, script.command),
      'Add a script "build" that compiles the program and a script "start" that runs the result with node.',
    ],
  };
}
