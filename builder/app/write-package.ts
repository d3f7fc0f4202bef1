import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { BuildFailure } from '../build-failure.ts';
import type { AppFile } from './app-files.ts';

/** Compressed in one go up to this, several at a time; streamed above. */
const SMALL_FILE_BYTES = 64 * 1024;
const FILE = 0o100644;
const PROGRAM = 0o100755;

/**
 * Writes a zip whose bytes depend on nothing but paths, contents and which files are programs: entries in the order of their paths
 * in UTF-16, one date, two modes. The same code is the same package, which need not be uploaded or unpacked twice.
 */
export async function writePackage(
  files: readonly AppFile[],
  target: string,
  signal: AbortSignal,
): Promise<{ sha256: string; bytes: number }> {
  const zip = new ZipFile();
  // Zip times are local times: this one is the same in every time zone, and safely after 1980, where zip time begins.
  const mtime = new Date(1981, 0, 1);
  const failed = new Promise<never>((_, reject) => zip.once('error', reject));
  const written = pipeline(zip.outputStream, createWriteStream(target), { signal });
  written.catch(() => {});
  for (const { path, content, bytes, isProgram } of files) {
    signal.throwIfAborted();
    const options = { mtime, forceDosTimestamp: true, mode: isProgram ? PROGRAM : FILE };
    if (typeof content !== 'string') zip.addBuffer(content, path, options);
    else if (bytes > SMALL_FILE_BYTES) zip.addFile(content, path, options);
    else zip.addBuffer(await unchanged(content, bytes), path, options);
  }
  zip.end();
  await Promise.race([written, failed]);
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(target)) digest.update(chunk);
  return { sha256: digest.digest('hex'), bytes: (await stat(target)).size };
}

async function unchanged(file: string, bytes: number): Promise<Buffer> {
  const content = await readFile(file);
  if (content.length !== bytes) throw new BuildFailure('runner_error', 'A file changed while it was packed.');
  return content;
}
