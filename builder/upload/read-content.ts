import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { BuildFailure, errorCode } from '../build-failure.ts';
import type { HttpRequest } from '../protocol/http-request.ts';
import type { ArtifactContent } from './artifact.ts';

type Place = Pick<ArtifactContent, 'source' | 'start' | 'bytes' | 'name'>;

/** Read in one go up to this size, streamed above. */
const SMALL_BYTES = 1024 * 1024;

const changed = ({ name }: Place) =>
  new BuildFailure('upload_failed', `${JSON.stringify(name)} could not be uploaded: it was changed meanwhile.`);

async function readBody(content: Place): Promise<NonNullable<HttpRequest['body']>> {
  const { source, start = 0, bytes } = content;
  if (bytes > SMALL_BYTES) {
    if ((await stat(source)).size < start + bytes) throw changed(content);
    return { bytes, open: () => createReadStream(source, { start, end: start + bytes - 1 }) };
  }
  const file = await open(source);
  try {
    const body = Buffer.allocUnsafe(bytes);
    const { bytesRead } = await file.read(body, 0, bytes, start);
    if (bytesRead < bytes) throw changed(content);
    return body;
  } finally {
    await file.close();
  }
}

/** A content as the body of a request. Throws `BuildFailure` when the file has become shorter. */
export const bodyOf = (content: Place) =>
  readBody(content).catch((error: unknown) => {
    throw errorCode(error) === 'ENOENT' ? changed(content) : error;
  });

/** Its MD5 in base64, as `Content-MD5` has it. */
export async function md5Of(content: Place & Pick<ArtifactContent, 'md5'>): Promise<string> {
  if (content.md5 !== undefined) return content.md5;
  const body = await bodyOf(content);
  const digest = createHash('md5');
  if (Buffer.isBuffer(body)) digest.update(body);
  else for await (const chunk of body.open()) digest.update(chunk);
  return digest.digest('base64');
}
