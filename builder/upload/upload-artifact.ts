import { hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { UPLOAD_BATCH, type UploadAnswer } from '@miaobu/shared/contracts/build-job';
import { BuildFailure } from '../build-failure.ts';
import type { LogShipper } from '../log/log-shipper.ts';
import { exchange, type HttpAnswer, type HttpRequest, Unavailable } from '../protocol/http-request.ts';
import type { PlatformClient } from '../protocol/platform-client.ts';
import { retryRequest } from '../protocol/retry-request.ts';
import type { Artifact, ArtifactContent } from './artifact.ts';
import { inParallel } from './in-parallel.ts';

const PARALLEL = 16;
/** Read in one go up to this, streamed above. */
const SMALL_FILE_BYTES = 1024 * 1024;
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

const bodyOf = ({ bytes, source }: ArtifactContent, content: Buffer | undefined): NonNullable<HttpRequest['body']> =>
  content ?? { bytes, open: () => createReadStream(source) };

/**
 * Uploads the contents the platform does not have yet, and then the manifest, which makes them a deployment. Returns the
 * manifest's digest for the last report.
 */
export async function uploadArtifact({
  artifact: { contents, manifest },
  client,
  token,
  log,
  signal,
}: {
  artifact: Artifact;
  client: Pick<PlatformClient, 'uploads' | 'manifest'>;
  /** The publication's. */
  token: string;
  log: Pick<LogShipper, 'line' | 'flush'>;
  signal: AbortSignal;
}): Promise<UploadedManifest> {
  const bySha256 = new Map(contents.map((content) => [content.sha256, content]));
  const blobs = [...bySha256.values()].map(({ sha256, bytes }) => ({ sha256, bytes }));
  const missing: UploadAnswer['uploads'] = [];
  for (let from = 0; from < blobs.length; from += UPLOAD_BATCH) {
    const batch = blobs.slice(from, from + UPLOAD_BATCH);
    missing.push(...(await client.uploads(token, { blobs: batch }, { signal })).uploads);
  }
  const absent = new Set(missing.map((it) => it.sha256));
  const changed = contents.filter((it) => absent.has(it.sha256)).length;
  log.line(`Uploading ${changed} of ${contents.length} files (${contents.length - changed} unchanged)`);
  log.flush();

  await inParallel(missing, PARALLEL, async (destination) => {
    const wanted = bySha256.get(destination.sha256);
    if (!wanted)
      throw new BuildFailure('runner_error', 'The platform asked for a file that is not part of this build.');
    const content = wanted.bytes <= SMALL_FILE_BYTES ? await readFile(wanted.source) : undefined;
    const again = async () => {
      const request = { blobs: [{ sha256: wanted.sha256, bytes: wanted.bytes }] };
      return (await client.uploads(token, request, { signal })).uploads[0];
    };
    await deliver(JSON.stringify(wanted.name), bodyOf(wanted, content), destination, again, signal);
  });

  const body = Buffer.from(JSON.stringify(manifest));
  const uploaded = { sha256: hash('sha256', body, 'hex'), bytes: body.length };
  const place = () => client.manifest(token, uploaded, { signal });
  await deliver('The list of files', body, await place(), place, signal);
  return uploaded;
}
