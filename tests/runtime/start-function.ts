import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../local/aliyun/fc/free-port.ts';

export interface RunningFunction {
  readonly port: number;
  readonly origin: string;
  readonly child: ChildProcess;
  /** Everything it wrote so far. */
  output(): string;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>;
  /** Whether it takes connections. */
  listens(): Promise<boolean>;
}

/** Starts `{name}.ts` of this folder as Function Compute does: a process that is told its port. Resolves when it listens. */
export async function startFunction(name: string): Promise<RunningFunction> {
  const port = await freePort();
  const program = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
    env: { PATH: process.env.PATH, FC_SERVER_PORT: String(port), FC_INSTANCE_ID: 'instance-1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = once(child, 'close').then(([code, signal]: (number | string | null)[]) => code ?? signal ?? null);
  const listens = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
  while (!(await listens())) {
    if (child.exitCode !== null) throw new Error(`${name} did not start: ${output}`);
    await delay(10);
  }
  return { port, origin: `http://127.0.0.1:${port}`, child, output: () => output, ended, listens };
}
