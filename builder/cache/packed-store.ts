import { type ChildProcess, spawn } from 'node:child_process';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { BuildUser } from '../commands/build-user.ts';

/**
 * A package manager's store in one file, passed from one build to the next.
 *
 * The store is untrusted: the user's commands may have left links, devices and huge files there. So only the
 * build's own user reads and writes it: `tar` runs as that user, and this
 * process only moves bytes between a pipe and a file. It counts them, and encrypts them: the file holds an
 * initialisation vector, AES-256-GCM of the archive, and the tag, which is wrong in any file that was damaged or made by others.
 */
export interface PackedStore {
  readonly store: string;
  readonly file: string;
  /** Undefined where the build runs as the runner's own user. */
  readonly user: BuildUser | undefined;
  /** 32 bytes. */
  readonly key: Buffer;
  /** The identity the file is bound to; it cannot be unpacked as something else. */
  readonly title: string;
  readonly signal: AbortSignal;
}

export class StoreTooLarge extends Error {}
export class DamagedStore extends Error {}

const CIPHER = 'aes-256-gcm';
const VECTOR_BYTES = 12;
const TAG_BYTES = 16;
/** In npm's store: its logs, and programs that were run once. */
const LEFT_OUT = ['./npm/_logs', './npm/_npx'];

function startTar(args: readonly string[], user: BuildUser | undefined, stdio: ['pipe' | 'ignore', 'pipe' | 'ignore']) {
  const child = spawn('tar', args, {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    stdio: [...stdio, 'ignore'],
    ...user,
  });
  const succeeded = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`tar ended with code ${code}`))));
  });
  succeeded.catch(() => {});
  return { child, succeeded };
}

const end = (child: ChildProcess) => {
  child.kill('SIGKILL');
};

/** Writes the store into a file that must not exist; returns its size. What it leaves after an error is to be deleted. */
export async function packStore(
  { store, file, user, key, title, signal }: PackedStore,
  limitBytes: number,
): Promise<number> {
  const excluded = LEFT_OUT.map((path) => `--exclude=${path}`);
  const { child, succeeded } = startTar([...excluded, '-cf', '-', '-C', store, '.'], user, ['ignore', 'pipe']);
  const { stdout } = child;
  if (!stdout) throw new Error('tar has no output');
  const vector = randomBytes(VECTOR_BYTES);
  const cipher = createCipheriv(CIPHER, key, vector).setAAD(Buffer.from(title));
  let bytes = VECTOR_BYTES + TAG_BYTES;
  try {
    await pipeline(
      stdout,
      async function* (archive: AsyncIterable<Buffer>) {
        yield vector;
        for await (const chunk of archive) {
          bytes += chunk.length;
          if (bytes > limitBytes) throw new StoreTooLarge();
          yield cipher.update(chunk);
        }
        yield cipher.final();
        yield cipher.getAuthTag();
      },
      createWriteStream(file, { flags: 'wx', mode: 0o600 }),
      { signal },
    );
    await succeeded;
    return bytes;
  } finally {
    end(child);
  }
}

/** Fills the empty store. Throws `DamagedStore` for an altered file; the store's content is then worthless. */
export async function unpackStore({ store, file, user, key, title, signal }: PackedStore): Promise<void> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    if (size < VECTOR_BYTES + TAG_BYTES) throw new DamagedStore();
    const vector = Buffer.alloc(VECTOR_BYTES);
    const tag = Buffer.alloc(TAG_BYTES);
    await handle.read(vector, 0, VECTOR_BYTES, 0);
    await handle.read(tag, 0, TAG_BYTES, size - TAG_BYTES);
    const decipher = createDecipheriv(CIPHER, key, vector).setAAD(Buffer.from(title)).setAuthTag(tag);

    const { child, succeeded } = startTar(['-xof', '-', '-C', store], user, ['pipe', 'ignore']);
    const { stdin } = child;
    if (!stdin) throw new Error('tar has no input');
    let isGenuine = false;
    try {
      await pipeline(
        createReadStream('', { fd: handle, autoClose: false, start: VECTOR_BYTES, end: size - TAG_BYTES - 1 }),
        async function* (encrypted: AsyncIterable<Buffer>) {
          let last = Buffer.alloc(0);
          for await (const chunk of encrypted) {
            yield last;
            last = decipher.update(chunk);
          }
          decipher.final();
          isGenuine = true;
          yield last;
        },
        stdin,
        { signal },
      ).catch((error: unknown) => {
        // tar is done when it has the last block, and does not wait for the end of its input.
        if (!isGenuine || signal.aborted) throw error;
      });
      await succeeded;
    } catch (error) {
      if (signal.aborted || isGenuine) throw error;
      // Invalid data makes tar give up before the tag is reached; without a tar program nothing can be said about the file.
      await succeeded.catch((ended) => {
        if (isAbsent(ended)) throw ended;
      });
      throw new DamagedStore();
    } finally {
      end(child);
    }
  } finally {
    await handle.close();
  }
}

const isAbsent = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'ENOENT';
