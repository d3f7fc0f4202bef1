import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bundleBuilder } from '../bundle-builder.ts';

export interface RunOfBuilder {
  readonly code: number | null;
  readonly stderr: string;
  /** What it left behind in its folder for temporary files. */
  readonly leftovers: readonly string[];
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** The id of the user and group it runs as, instead of the test's own; only root may choose. */
  readonly user?: number;
  readonly started?: (child: ChildProcess) => void;
}

/** The bundled program in a folder of its own, to be run as the platform runs it. */
export async function bundledBuilder() {
  const folder = await mkdtemp(path.join(tmpdir(), 'builder-program-'));
  const program = path.join(folder, 'builder.cjs');
  await bundleBuilder(program);
  await chmod(folder, 0o711);

  return {
    /** Starts it with one line on stdin and resolves when it has ended. */
    async run(inputs: unknown, { environment = {}, user, started }: RunOptions = {}): Promise<RunOfBuilder> {
      const temporary = await mkdtemp(path.join(tmpdir(), 'builder-run-'));
      // The build's user has to get through.
      await chmod(temporary, 0o711);
      if (user !== undefined) await chown(temporary, user, user);
      const child = spawn(process.execPath, [program], {
        cwd: temporary,
        env: { PATH: process.env.PATH, TMPDIR: temporary, ...environment },
        stdio: ['pipe', 'ignore', 'pipe'],
        ...(user === undefined ? {} : { uid: user, gid: user }),
      });
      started?.(child);
      child.stdin.on('error', () => {});
      child.stdin.end(`${JSON.stringify(inputs)}\n`);
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      const code = await new Promise<number | null>((resolve, reject) => {
        child.once('error', reject);
        child.once('close', resolve);
      });
      const leftovers = await readdir(temporary);
      await rm(temporary, { recursive: true, force: true });
      return { code, stderr, leftovers };
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export type BundledBuilder = Awaited<ReturnType<typeof bundledBuilder>>;
