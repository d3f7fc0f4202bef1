import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process';
import { devNull } from 'node:os';

/** `git` ended with something other than 0. `stderr` says why. */
export class GitError extends Error {
  readonly exitCode: number | undefined;
  readonly stderr: string;
  constructor(args: readonly string[], exitCode: number | undefined, stderr: string, cause?: unknown) {
    super(`git ${args[0] ?? ''} failed (${exitCode ?? 'not started'}): ${stderr.trim()}`, { cause });
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

const OUTPUT_LIMIT_BYTES = 256 * 1024 * 1024;

// Settings of every repository here, as GitHub has them: objects are checked on arrival, any commit may be fetched by
// its id, partial clones work. Collecting garbage would outlive the request that caused it.
const settings: Readonly<Record<string, string>> = {
  'receive.fsckObjects': 'true',
  'receive.autogc': 'false',
  'gc.auto': '0',
  'uploadpack.allowAnySHA1InWant': 'true',
  'uploadpack.allowFilter': 'true',
};

/** Nothing of the user who started the local cloud (git configuration, hooks, `GIT_*`) affects git here. */
function gitEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    LANG: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: devNull,
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: String(Object.keys(settings).length),
    ...Object.fromEntries(
      Object.entries(settings).flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
    ...extra,
  };
}

/** Everything git printed. Throws `GitError` unless it ended with 0. */
export function runGit(directory: string, args: readonly string[], input?: string | Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      'git',
      ['-C', directory, ...args],
      { encoding: 'buffer', maxBuffer: OUTPUT_LIMIT_BYTES, env: gitEnvironment() },
      (error, stdout, stderr) => {
        if (!error) return resolve(stdout);
        const exitCode = typeof error.code === 'number' ? error.code : undefined;
        reject(new GitError(args, exitCode, stderr.toString(), error));
      },
    );
    // git may end before it has read all of its input; its exit code is what counts.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

/** The same, but undefined when git says no (`rev-parse --verify`, `merge-base --is-ancestor`, …). */
export async function askGit(directory: string, args: readonly string[]): Promise<string | undefined> {
  try {
    return (await runGit(directory, args)).toString().trim();
  } catch (error) {
    if (error instanceof GitError && error.exitCode !== undefined) return undefined;
    throw error;
  }
}

/** A git process to stream to and from. `protocol` is the value of the client's `Git-Protocol` header. */
export function startGit(args: readonly string[], stdio: SpawnOptions['stdio'], protocol?: string): ChildProcess {
  const known = protocol !== undefined && /^[a-z0-9=:.-]{1,64}$/.test(protocol);
  return spawn('git', args, { stdio, env: gitEnvironment(known ? { GIT_PROTOCOL: protocol } : {}) });
}
