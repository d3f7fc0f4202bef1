import { hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { UPLOAD_BATCH, type UploadAnswer } from '@miaobu/shared/contracts/build-job';
import { type Manifest, parseManifest } from '@miaobu/shared/contracts/manifest';
import { BuildFailure } from './build-failure.ts';
import { type CollectedFile, SMALL_FILE_BYTES } from './collect-output.ts';
import { exchange, type HttpAnswer, type HttpRequest, Unavailable } from './http-request.ts';
import { inParallel } from './in-parallel.ts';
import type { LogShipper } from './log-shipper.ts';
import type { PlatformClient } from './platform-client.ts';
import { retryRequest } from './retry-request.ts';

const PARALLEL = 16;
/** A presigned URL that has expired, or will be refused for another reason the second time as well. */
const REFUSED = 403;
/** A link works once. An earlier try did arrive, or that of another run: the platform reads back what is there. */
const ALREADY_THERE = 409;

interface Destination {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface UploadedManifest {
  readonly sha256: string;
  readonly bytes: number;
}

async function put({ url, headers }: Destination, body: NonNullable<HttpRequest['body']>, signal: AbortSignal) {
  return retryRequest(() => exchange({ method: 'PUT', url, headers, body, signal }), { signal });
}

/** Puts one object where the platform said, asking once more for a place when that one is refused. */
async function deliver(
  what: string,
  body: NonNullable<HttpRequest['body']>,
  destination: Destination,
  again: () => Promise<Destination | undefined>,
  signal: AbortSignal,
): Promise<void> {
  let answer: HttpAnswer;
  try {
    answer = await put(destination, body, signal);
    if (answer.status === REFUSED) {
      const fresh = await again();
      if (!fresh) return;
      answer = await put(fresh, body, signal);
    }
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    throw new BuildFailure('upload_failed', `${what} could not be uploaded: ${error.message}.`, { cause: error });
  }
  if (answer.status === ALREADY_THERE) return;
  if (answer.status < 200 || answer.status >= 300) {
    throw new BuildFailure('upload_failed', `${what} could not be uploaded: the storage answered ${answer.status}.`);
  }
}

function bodyOf({ bytes, source }: CollectedFile, content: Buffer | undefined): NonNullable<HttpRequest['body']> {
  return content ?? { bytes, open: () => createReadStream(source) };
}

/**
 * Uploads the files the platform does not have yet, and then the manifest, which makes them a site. Returns the
 * manifest's digest for the last report.
 */
export async function uploadOutput({
  files,
  spa,
  client,
  token,
  log,
  signal,
}: {
  files: readonly CollectedFile[];
  spa: boolean;
  client: Pick<PlatformClient, 'uploads' | 'manifest'>;
  /** The publication's. */
  token: string;
  log: Pick<LogShipper, 'line' | 'flush'>;
  signal: AbortSignal;
}): Promise<UploadedManifest> {
  const bySha256 = new Map(files.map((file) => [file.sha256, file]));
  const blobs = [...bySha256.values()].map(({ sha256, bytes }) => ({ sha256, bytes }));
  const missing: UploadAnswer['uploads'] = [];
  for (let from = 0; from < blobs.length; from += UPLOAD_BATCH) {
    const batch = blobs.slice(from, from + UPLOAD_BATCH);
    missing.push(...(await client.uploads(token, { blobs: batch }, { signal })).uploads);
  }
  const absent = new Set(missing.map((it) => it.sha256));
  const changed = files.filter((file) => absent.has(file.sha256)).length;
  log.line(`Uploading ${changed} of ${files.length} files (${files.length - changed} unchanged)`);
  log.flush();

  await inParallel(missing, PARALLEL, async (destination) => {
    const file = bySha256.get(destination.sha256);
    if (!file) throw new BuildFailure('runner_error', 'The platform asked for a file that is not part of this site.');
    const content = file.bytes <= SMALL_FILE_BYTES ? await readFile(file.source) : undefined;
    const again = async () => {
      const request = { blobs: [{ sha256: file.sha256, bytes: file.bytes }] };
      return (await client.uploads(token, request, { signal })).uploads[0];
    };
    await deliver(JSON.stringify(file.path), bodyOf(file, content), destination, again, signal);
  });

  const manifest: Manifest = {
    v: 1,
    kind: 'static',
    spa,
    files: files.map(({ path, sha256, bytes, type }) => ({ path, sha256, bytes, type })),
  };
  // The reader's own rules: better to fail here, with the log at hand, than when it is activated.
  parseManifest(manifest);
  const body = Buffer.from(JSON.stringify(manifest));
  const uploaded = { sha256: hash('sha256', body, 'hex'), bytes: body.length };
  const place = () => client.manifest(token, uploaded, { signal });
  await deliver('The list of files', body, await place(), place, signal);
  return uploaded;
}
