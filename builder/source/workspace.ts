import { chmod, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

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
  /** Never throws: by then the deployment's fate is known, and what is left is for the machine's owner to see. */
  remove(): Promise<void>;
}

export async function createWorkspace(): Promise<Workspace> {
  const folder = await mkdtemp(path.join(await realpath(tmpdir()), 'miaobu-build-'));
  // The build may run as another user: it has to get through, but need not list.
  await chmod(folder, 0o711);
  const workspace = {
    folder,
    archive: path.join(folder, 'source.tar.gz'),
    source: path.join(folder, 'source'),
    home: path.join(folder, 'home'),
    temporary: path.join(folder, 'tmp'),
    programs: path.join(folder, 'programs'),
    remove: () =>
      rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch((error: unknown) => {
        console.error(`the work folder could not be removed: ${error instanceof Error ? error.message : error}`);
      }),
  };
  await Promise.all([workspace.source, workspace.home, workspace.temporary, workspace.programs].map((it) => mkdir(it)));
  return workspace;
}
