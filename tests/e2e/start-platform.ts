import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod';

/** What `npm start -- --json` prints, by its fixed names. */
const readyLine = z.object({
  ready: z.literal(true),
  apiUrl: z.url(),
  edgeUrl: z.url(),
  gitUrl: z.url(),
  token: z.string(),
  liveUrl: z.url(),
  readyMs: z.number(),
});

const root = path.resolve(import.meta.dirname, '../..');

export interface Platform extends z.output<typeof readyLine> {
  readonly home: string;
  readonly pid: number;
  /** As Ctrl-C does; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** As `kill -9` does. */
  kill(): Promise<void>;
  /** Deletes the state. */
  clean(): void;
}

/** The unprivileged account of Postgres must be able to reach it, which a folder below root's home would not allow. */
export function newHome(): string {
  const home = mkdtempSync('/var/tmp/miaobu-e2e-');
  chmodSync(home, 0o755);
  return home;
}

/** This process's own, without what would send the platform to another database or make it trust other certificates. */
function environment(home: string): NodeJS.ProcessEnv {
  const { DATABASE_URL: _, NODE_EXTRA_CA_CERTS: __, ...rest } = process.env;
  return { ...rest, MIAOBU_HOME: home, MIAOBU_PORT: '0' };
}

/** `npm start -- --json` as a process of its own, with its state in a folder of its own and on free ports. */
export async function startPlatform(home = newHome(), args: readonly string[] = []): Promise<Platform> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', path.join(root, 'local/main.ts'), '--json', ...args],
    { cwd: root, env: environment(home), stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let errors = '';
  child.stderr.on('data', (data: Buffer) => {
    errors += data;
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const line = await Promise.race([
    new Promise<string>((resolve) => createInterface(child.stdout).once('line', resolve)),
    exited.then((code) => Promise.reject(new Error(`npm start ended with ${code}\n${errors}`))),
  ]);
  return {
    ...readyLine.parse(JSON.parse(line)),
    home,
    pid: child.pid ?? 0,
    stop() {
      child.kill('SIGINT');
      return exited;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    clean: () => rmSync(home, { recursive: true, force: true }),
  };
}
