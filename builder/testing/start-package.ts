import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { crc32, inflateRawSync } from 'node:zlib';
import { type AppManifest, serverEnvironment } from '@miaobu/shared/contracts/app-manifest';
import { readZipDirectory } from '@miaobu/shared/kernel/zip-directory';

const START_MS = 30_000;
const STOP_MS = 10_000;

/** Unpacks a zip into a folder, and verifies its checksums. */
async function unpack(zip: Buffer, folder: string): Promise<void> {
  for (const { name, mode, method, offset, compressedBytes, bytes, crc32: expected } of readZipDirectory(
    zip,
    zip.length,
  )) {
    const begin = offset + 30 + zip.readUInt16LE(offset + 26) + zip.readUInt16LE(offset + 28);
    const packed = zip.subarray(begin, begin + compressedBytes);
    const content = method === 'stored' ? packed : inflateRawSync(packed);
    if (content.length !== bytes || crc32(content) !== expected) throw new Error(`${name} is damaged`);
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
    await chmod(file, mode & 0o777);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const answers = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('close', () => socket.destroy()).once('connect', () => socket.destroy());
  });

/** The actual Python that `python3` of this machine starts, behind any launcher. */
async function pythonHere(): Promise<string> {
  const run = promisify(execFile);
  return (await run('python3', ['-c', 'import sys; print(sys.executable)'])).stdout.trim();
}

export interface StartedPackage {
  readonly url: string;
  /** Where it was unpacked. */
  readonly folder: string;
  /** What it has printed. */
  output(): string;
  /** SIGTERM, and ten seconds later SIGKILL; resolves when it has ended. */
  stop(): Promise<'SIGTERM' | 'SIGKILL'>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a server from only its package and manifest, in a new folder, as Function Compute does in `/code`: its variables,
 * the runtime first on the PATH, nothing else of this machine's environment. Resolves when it accepts connections.
 */
export async function startPackage(
  zip: Buffer,
  manifest: AppManifest,
  variables: Readonly<Record<string, string>> = {},
): Promise<StartedPackage> {
  const place = await realpath(await mkdtemp(path.join(tmpdir(), 'started-package-')));
  const folder = path.join(place, 'code');
  const programs = path.join(place, 'runtime');
  await Promise.all([mkdir(folder), mkdir(programs)]);
  await unpack(zip, folder);
  await (manifest.kind === 'node'
    ? symlink(process.execPath, path.join(programs, 'node'))
    : Promise.all(['python', 'python3'].map(async (name) => symlink(await pythonHere(), path.join(programs, name)))));
  const port = await freePort();
  const child = spawn('/bin/sh', ['-c', manifest.start], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...variables,
      FC_FUNCTION_NAME: 'miaobu-test',
      FC_REGION: 'cn-hangzhou',
      FC_FUNC_CODE_PATH: folder,
      FC_SERVER_PORT: String(port),
      HOSTNAME: 'c-0123456789abcdef',
      ...serverEnvironment({ kind: manifest.kind, port }, { folder, programs }),
    },
  });
  let output = '';
  for (const pipe of [child.stdout, child.stderr]) {
    pipe.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = once(child, 'exit');
  const signal = (name: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // It is gone.
    }
  };
  const stop = async () => {
    signal('SIGTERM');
    const inTime = await Promise.race([ended.then(() => true), delay(STOP_MS, false, { ref: false })]);
    signal('SIGKILL');
    await ended;
    await rm(place, { recursive: true, force: true });
    return inTime ? 'SIGTERM' : 'SIGKILL';
  };

  const giveUp = Date.now() + START_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > giveUp) {
      await stop();
      throw new Error(`the server does not listen (exit code ${child.exitCode}):\n${output}`);
    }
    await delay(20);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    folder,
    output: () => output,
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  };
}
