import { chmod, lstat, mkdir, mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { removeTree } from './remove-tree.ts';

/** The folders of one run, outside any checkout: a parent's package.json or node_modules would change what is built. */
export interface Workspace {
  readonly folder: string;
  /** The downloaded archive; out of the build's reach. */
  readonly archive: string;
  /** The commit's tree. */
  readonly source: string;
  /** HOME of the user's commands, empty at first. */
  readonly home: string;
  /** TMPDIR of the user's commands. */
  readonly temporary: string;
  /** What the runner puts on the PATH of the user's commands. */
  readonly programs: string;
  /** Runs this when the workspace is removed. */
  beforeRemoval(what: () => Promise<void>): void;
  /** Never throws: by then the outcome is known, and leftovers are a matter for the machine's owner. */
  remove(): Promise<void>;
}

/** Only root may write there, and in every folder above it. */
const BASE_OF_ROOT = '/var/lib/miaobu-builds';
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Where the work folders are. Tools look for `node_modules`, `pnpm-workspace.yaml`, … in every folder above, so in
 * `/tmp` a build would find what another user put there. Without such a folder, or when TMPDIR names one, the temporary
 * folder is used.
 */
async function baseFolder(): Promise<string> {
  if (process.getuid?.() === 0 && tmpdir() === '/tmp') {
    try {
      await mkdir(BASE_OF_ROOT, { recursive: true, mode: 0o711 });
      const { uid, mode } = await lstat(BASE_OF_ROOT);
      if (uid === 0 && (mode & WRITABLE_BY_OTHERS) === 0 && (await realpath(BASE_OF_ROOT)) === BASE_OF_ROOT) {
        return BASE_OF_ROOT;
      }
    } catch {
      // A read-only system, for example.
    }
  }
  return realpath(tmpdir());
}

export async function createWorkspace(): Promise<Workspace> {
  const folder = await mkdtemp(path.join(await baseFolder(), 'miaobu-build-'));
  // The build may run as another user, who has to pass through but need not list.
  await chmod(folder, 0o711);
  const duties: (() => Promise<void>)[] = [];
  const complain = (error: unknown) =>
    console.error(`what the build left could not be removed: ${error instanceof Error ? error.message : error}`);
  const workspace = {
    folder,
    archive: path.join(folder, 'source.tar.gz'),
    source: path.join(folder, 'source'),
    home: path.join(folder, 'home'),
    temporary: path.join(folder, 'tmp'),
    programs: path.join(folder, 'programs'),
    beforeRemoval: (what: () => Promise<void>) => void duties.push(what),
    async remove() {
      for (const duty of duties) await duty().catch(complain);
      await removeTree(folder).catch(complain);
    },
  };
  // Another build on this machine may learn their paths, for example from a command line.
  await Promise.all([workspace.source, workspace.home, workspace.temporary].map((it) => mkdir(it, { mode: 0o700 })));
  await mkdir(workspace.programs);
  return workspace;
}
