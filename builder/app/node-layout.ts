import { stat } from 'node:fs/promises';
import path from 'node:path';
import { findInstalled, readInstalledPackage } from './installed-package.ts';
import { type DependencyRoot, packagesIn } from './lay-out-dependencies.ts';

/** What of a built project goes into its package, and how it is started there. */
export interface NodeLayout {
  /** What it is, for the log. */
  readonly title: string;
  readonly start: string;
  /** Folders of the app's own files, and where they go; later ones win. */
  readonly trees: readonly { readonly folder: string; readonly prefix: string }[];
  readonly roots: readonly DependencyRoot[];
  /** Dependencies are looked for up to here. */
  readonly boundary: string;
  /** The app's own development dependencies, none of which are packed. */
  readonly leftOut: number;
  /** Whether the framework gathered everything needed: then nothing else that a package requires counts as missing. */
  readonly isTraced: boolean;
  /** Packages that only builds need, although others ask for them. */
  readonly isForBuilds: (name: string) => boolean;
  /** For the person who built it. */
  readonly advice: string | undefined;
}

/** Everything a framework gathered is needed. */
const TRACED = { leftOut: 0, isTraced: true, isForBuilds: () => false, advice: undefined } as const;

const isFile = (file: string) =>
  stat(file).then(
    (state) => state.isFile(),
    () => false,
  );
const isFolder = (file: string) =>
  stat(file).then(
    (state) => state.isDirectory(),
    () => false,
  );

/**
 * Next.js with `output: 'standalone'` (nextjs.org/docs, "output"): a folder with what the server needs of its dependencies, to
 * which static files and `public` have to be added.
 */
async function nextStandalone(folder: string, source: string): Promise<NodeLayout | undefined> {
  const standalone = path.join(folder, '.next', 'standalone');
  // In a workspace the project lies below it as in the repository, relative to the folder Next.js took for its root.
  const segments = path.relative(source, folder).split(path.sep).filter(Boolean);
  const places = segments.map((_, index) => segments.slice(index).join('/'));
  for (const place of [...places, '']) {
    if (!(await isFile(path.join(standalone, place, 'server.js')))) continue;
    const prefix = place === '' ? '' : `${place}/`;
    const roots = await Promise.all(
      [...new Set(['', place])].map(async (at) => ({
        folder: path.join(standalone, at),
        at,
        names: await packagesIn(path.join(standalone, at), true),
      })),
    );
    const added = [
      { folder: path.join(folder, '.next', 'static'), prefix: `${prefix}.next/static/` },
      { folder: path.join(folder, 'public'), prefix: `${prefix}public/` },
    ];
    const present = await Promise.all(added.map((it) => isFolder(it.folder)));
    return {
      title: 'the standalone output of Next.js',
      // HOSTNAME is the address it listens on, but systems also set it to the machine's name.
      start: `HOSTNAME=0.0.0.0 node ${prefix}server.js`,
      trees: [{ folder: standalone, prefix: '' }, ...added.filter((_, index) => present[index])],
      roots,
      boundary: standalone,
      ...TRACED,
    };
  }
  return undefined;
}

/** Nitro's output (nuxt.com/docs, "Deployment"; nitro.build): everything the server needs, under the path it is started from. */
async function nitroOutput(folder: string, start: string): Promise<NodeLayout | undefined> {
  const output = path.join(folder, '.output');
  if (!start.includes('.output/server/') || !(await isFile(path.join(output, 'server', 'index.mjs')))) return undefined;
  const server = path.join(output, 'server');
  return {
    title: 'the output of Nitro',
    start,
    trees: [{ folder: output, prefix: '.output/' }],
    roots: [{ folder: server, at: '.output/server', names: await packagesIn(server, true) }],
    boundary: output,
    ...TRACED,
  };
}

/** Words of a shell command, roughly: enough to see which programs and files it names. */
const wordsOf = (command: string) => command.split(/[\s;&|()'"=]+/).filter((word) => word !== '');

/** Folders of packages inside the app that the start command goes into, such as `apps/api` of `node apps/api/dist/main.js`. */
async function startedFolders(folder: string, start: string): Promise<string[]> {
  const found = new Set<string>();
  for (const word of wordsOf(start)) {
    const segments = path.posix.normalize(word).split('/');
    if (segments.includes('..') || segments.includes('node_modules')) continue;
    for (let length = 1; length <= segments.length; length++) {
      const at = segments.slice(0, length).join('/');
      if (await isFile(path.join(folder, at, 'package.json'))) found.add(at);
    }
  }
  found.delete('.');
  return [...found].sort();
}

/** Development dependencies that the start command itself runs (`tsx server.ts`) or loads (`node -r dotenv/config`). */
async function startedPackages(folder: string, start: string, development: ReadonlySet<string>, source: string) {
  const words = new Set(wordsOf(start));
  const names: string[] = [];
  for (const name of development) {
    const loaded = [...words].some((word) => word === name || word.startsWith(`${name}/`));
    const run = (await findInstalled(folder, name, source))?.programs.keys() ?? [];
    if (loaded || [...run].some((program) => words.has(program))) names.push(name);
  }
  return names;
}

/** Any other command is a custom server around it. */
const startsNext = (start: string) => /(^|[\s/])next start\b/.test(start) || start.includes('.next/standalone');

/** The Next.js compiler, 140 MB. A server needs it only to read a configuration in TypeScript. */
const isNextCompiler = (name: string) => name.startsWith('@next/swc-');

async function wholeProject(folder: string, start: string, source: string): Promise<NodeLayout> {
  const own = await readInstalledPackage(folder, source);
  const started = own ? await startedPackages(folder, start, own.development, source) : [];
  const roots: DependencyRoot[] = own
    ? [{ folder, at: '', names: [...own.dependencies, ...started], optional: own.optional }]
    : [];
  for (const at of await startedFolders(folder, start)) {
    const inner = await readInstalledPackage(path.join(folder, at), source);
    if (inner) roots.push({ folder: inner.folder, at, names: [...inner.dependencies], optional: inner.optional });
  }
  const isNext = startsNext(start);
  const needsCompiler = !isNext || (await isFile(path.join(folder, 'next.config.ts')));
  return {
    title: 'the project',
    start,
    isTraced: false,
    isForBuilds: (name) => !needsCompiler && isNextCompiler(name),
    advice: isNext
      ? "Next.js can gather just what its server needs: set `output: 'standalone'` in next.config for a smaller package."
      : undefined,
    trees: [{ folder, prefix: '' }],
    roots,
    boundary: source,
    leftOut: own
      ? [...own.development].filter((name) => !own.dependencies.has(name) && !started.includes(name)).length
      : 0,
  };
}

/** Decides what to pack of a project that was built in `folder`, as its framework documents it. `source` is the repository. */
export async function chooseNodeLayout(folder: string, start: string, source: string): Promise<NodeLayout> {
  return (
    (await nitroOutput(folder, start)) ??
    (startsNext(start) ? await nextStandalone(folder, source) : undefined) ??
    (await wholeProject(folder, start, source))
  );
}
