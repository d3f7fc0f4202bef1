import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { BuildFailure } from '../build-failure.ts';
import { assertAnswered, openRequest, Unavailable } from '../protocol/http-request.ts';
import { retryRequest } from '../protocol/retry-request.ts';
import { extractSource } from './extract-source.ts';
import type { Workspace } from './workspace.ts';

const ARCHIVE_LIMIT_BYTES = 1024 * 1024 * 1024;
const REDIRECT_LIMIT = 5;

/** Follows redirects: a code host answers an archive request with the address of its download server. */
async function openArchive(address: string, signal: AbortSignal) {
  let url = address;
  for (let redirects = 0; redirects <= REDIRECT_LIMIT; redirects++) {
    const message = await openRequest({ method: 'GET', url, headers: { 'user-agent': 'miaobu-builder' }, signal });
    const status = message.statusCode ?? 0;
    if (status === 200) return message;
    message.resume();
    assertAnswered('the code host', status, message.headers);
    if (status < 300 || status >= 400 || message.headers.location === undefined) {
      throw new BuildFailure(
        'source_unavailable',
        `The source could not be downloaded: the code host answered ${status}.`,
      );
    }
    url = new URL(message.headers.location, url).href;
  }
  throw new BuildFailure('source_unavailable', 'The source could not be downloaded: too many redirects.');
}

async function download(url: string, file: string, signal: AbortSignal): Promise<void> {
  const message = await openArchive(url, signal);
  let size = 0;
  async function* limited() {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > ARCHIVE_LIMIT_BYTES) {
        throw new BuildFailure('source_invalid', `The source archive is over ${ARCHIVE_LIMIT_BYTES / 1024 / 1024} MB.`);
      }
      yield chunk;
    }
  }
  try {
    await pipeline(limited(), createWriteStream(file), { signal });
  } catch (error) {
    if (message.complete || error instanceof BuildFailure) throw error;
    throw new Unavailable('the download was cut off', { cause: error });
  }
}

/** Downloads the commit and unpacks it into the workspace. Returns the number of files. */
export async function fetchSource(
  url: string,
  { archive, source }: Pick<Workspace, 'archive' | 'source'>,
  signal: AbortSignal,
): Promise<number> {
  try {
    await retryRequest(() => download(url, archive, signal), { signal });
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    const message = `The source could not be downloaded: ${error.message}.`;
    throw new BuildFailure('source_unavailable', message, { cause: error });
  }
  const files = await extractSource(archive, source, signal);
  await rm(archive);
  return files;
}
