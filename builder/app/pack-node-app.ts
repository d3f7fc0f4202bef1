import { access, readdir } from 'node:fs/promises';
import path from 'node:path';
import { BuildFailure } from '../build-failure.ts';
import { type AppFiles, createAppFiles, folderToPack, type Skip } from './app-files.ts';
import { checkNativeCode } from './check-native-code.ts';
import type { InstalledPackage } from './installed-package.ts';
import { layOutDependencies } from './lay-out-dependencies.ts';
import { linkPrograms } from './link-programs.ts';
import { chooseNodeLayout, type NodeLayout } from './node-layout.ts';
import type { PackedApp, PackInput } from './pack-app.ts';

const SHOWN = 5;

/** What tools cache for the next build, and what a package manager needs only to install. Next.js keeps a cache in its output. */
const KEPT_BY_TOOLS = new Set([
  '.cache',
  '.parcel-cache',
  '.turbo',
  '.nx',
  '.nyc_output',
  '.yarn',
  '.yarnrc.yml',
  '.pnpm-store',
  '.eslintcache',
]);

const skipOfTools: Skip = (name, file) =>
  KEPT_BY_TOOLS.has(name) || name.startsWith('.env') || name.startsWith('.pnp.') || /(^|\/)\.next\/cache$/.test(file);

/** Where packages were installed: beside a package.json. Other folders of that name are build output. */
async function skipInstalled(folder: string, prefix: string): Promise<Skip> {
  const installed = new Set<string>();
  async function look(current: string, at: string): Promise<void> {
    const entries = await readdir(current, { withFileTypes: true });
    if (entries.some((it) => it.name === 'package.json')) installed.add(`${at}node_modules`);
    for (const entry of entries) {
      if (!entry.isDirectory() || entry.name === 'node_modules' || entry.name === '.git') continue;
      await look(path.join(current, entry.name), `${at}${entry.name}/`);
    }
  }
  await look(folder, prefix);
  installed.add(`${prefix}node_modules`);
  return (_, file) => installed.has(file);
}

async function addOwnFiles(app: AppFiles, { trees }: NodeLayout, source: string): Promise<void> {
  for (const { folder, prefix } of trees) {
    const isInstalled = await skipInstalled(await folderToPack(folder, prefix, source), prefix);
    await app.addTree(folder, prefix, (name, file) => skipOfTools(name, file) || isInstalled(name, file));
  }
}

async function addDependencies(app: AppFiles, placed: ReadonlyMap<string, InstalledPackage>): Promise<void> {
  for (const [at, { folder }] of placed) {
    const own = `${at}/node_modules`;
    // A package of the repository itself, linked into node_modules, is the app's own code and may contain secrets.
    const isPublished = folder.includes(`${path.sep}node_modules${path.sep}`);
    await app.addTree(
      folder,
      `${at}/`,
      (name, file) => file === own || name === '.cache' || (!isPublished && skipOfTools(name, file)),
    );
  }
}

/** With Plug'n'Play, packages stay in archives that only Yarn's own loader finds. */
async function refusePlugAndPlay(folder: string, source: string): Promise<void> {
  for (let current = folder; ; current = path.dirname(current)) {
    const isThere = await access(path.join(current, '.pnp.cjs')).then(
      () => true,
      () => false,
    );
    if (isThere) {
      throw new BuildFailure(
        'output_invalid',
        "The app cannot be packed: its packages were installed with Yarn's Plug'n'Play. Set `nodeLinker: node-modules` in .yarnrc.yml.",
      );
    }
    if (current === source) return;
  }
}

/**
 * A built Node.js server: its own files, and exactly the packages that it needs at run time, with their
 * dependencies; nothing is uninstalled, and no package manager is called. Throws `BuildFailure`.
 */
export async function packNodeApp({ folder, source, server, user, say, signal }: PackInput): Promise<PackedApp> {
  const layout = await chooseNodeLayout(folder, server.start, source);
  const { placed, missing, foreign } = await layOutDependencies(layout.roots, layout.boundary, layout.isForBuilds);
  if (placed.size === 0 && layout.roots.some((it) => it.names.length > 0)) await refusePlugAndPlay(folder, source);
  if (layout.advice !== undefined) say(layout.advice);
  const app = createAppFiles({ source, user, signal });
  await addOwnFiles(app, layout, source);
  await addDependencies(app, placed);
  await linkPrograms(app, placed, new Set(layout.roots.flatMap((it) => it.names)));
  const files = app.complete();
  await checkNativeCode(files, say);

  const packages = new Set([...placed.values()].map((it) => it.folder)).size;
  const left = layout.leftOut === 0 ? '' : `; ${layout.leftOut} for its development left out`;
  say(`Packing ${layout.title}, with ${packages} package${packages === 1 ? '' : 's'} that it needs to run${left}`);
  if (missing.length > 0 && !layout.isTraced) {
    say(
      `Note: not installed, so not packed: ${missing.slice(0, SHOWN).join(', ')}${missing.length > SHOWN ? ', …' : ''}`,
    );
  }
  if (foreign.size > 0)
    say(
      `Left out, for other machines: ${[...foreign].sort().slice(0, SHOWN).join(', ')}${foreign.size > SHOWN ? ', …' : ''}`,
    );
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    say(`Note: built on ${process.platform}-${process.arch}; native code in it does not run on Linux x64.`);
  }
  return { files, start: layout.start };
}
