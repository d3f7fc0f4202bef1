import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { World } from '../command.ts';
import { runCommandLine } from '../run-command-line.ts';

const program = fileURLToPath(new URL('../../miaobu.ts', import.meta.url));

export interface Ended {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly input?: string;
  /** Where it is started. */
  readonly folder?: string;
  /** Closes the pipe that it writes to, once something has come. */
  readonly closeEarly?: boolean;
  /** Presses Ctrl-C once this is in the output. */
  readonly interruptAt?: string;
}

/** Runs the program itself, with nothing of this process's environment but what finds programs. */
export function runMiaobu(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  { input = '', folder, closeEarly = false, interruptAt }: ProgramOptions = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args], {
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(folder === undefined ? {} : { cwd: folder }),
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      if (closeEarly) child.stdout.destroy();
      if (interruptAt !== undefined && stdout.includes(interruptAt)) child.kill('SIGINT');
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
    // It may end without having read anything.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

export interface WorldOptions extends Partial<Omit<World, 'keyboard' | 'openBrowser'>> {
  /** What a person types, question by question; without it nobody can be asked. */
  readonly typed?: readonly string[];
  /** What comes through standard input. */
  readonly input?: string;
  /** Whether a terminal shows the output. */
  readonly isTerminal?: boolean;
}

export interface EndedHere extends Ended {
  /** What a person was asked. */
  readonly questions: readonly string[];
  /** Addresses that were shown in the browser. */
  readonly opened: readonly string[];
}

/**
 * The same without a process of its own: everything but the few lines of `miaobu.ts`, and much quicker. `onOutput` sees the output as it
 * grows.
 */
export async function runHere(
  args: readonly string[],
  { typed, input = '', isTerminal = false, ...world }: WorldOptions,
  onOutput: (stdout: string) => void = () => {},
): Promise<EndedHere> {
  let stdout = '';
  let stderr = '';
  const questions: string[] = [];
  const opened: string[] = [];
  const answers = [...(typed ?? [])];
  const answer = async (question: string) => {
    questions.push(question);
    return answers.shift() ?? '';
  };
  const write = (text: string) => {
    stdout += text;
    onOutput(stdout);
  };
  const exitCode = await runCommandLine(
    args,
    { isTTY: isTerminal, columns: 120, write },
    { isTTY: isTerminal, columns: 120, write: (text) => (stderr += text) },
    {
      environment: {},
      folder: '/',
      fetch: () => Promise.reject(new Error('nobody gave this test a network')),
      now: () => new Date(),
      pause: async () => {},
      keyboard: {
        interactive: typed !== undefined,
        ask: answer,
        askSecret: answer,
        readAll: async () => input,
      },
      openBrowser: (url) => {
        opened.push(url);
        return isTerminal;
      },
      ...world,
    },
  );
  return { exitCode, stdout, stderr, questions, opened };
}
