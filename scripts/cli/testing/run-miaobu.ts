import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runCommandLine } from '../run-command-line.ts';

const program = fileURLToPath(new URL('../../miaobu.ts', import.meta.url));

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program as `npm run miaobu` does, with nothing of this process's environment but what finds programs. */
export function runMiaobu(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
}

/** The same without a process of its own: everything but the few lines of `miaobu.ts`, and much quicker. */
export async function runHere(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  const exitCode = await runCommandLine(
    args,
    { write: (text) => (stdout += text) },
    { write: (text) => (stderr += text) },
    environment,
  );
  return { exitCode, stdout, stderr };
}
