import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Esa } from './aliyun-clients.ts';
import { type ReleaseConfig, ROUTINE_NAME } from './release-config.ts';

/**
 * Uploads, commits and publishes the routine's code, unless `runningVersion` is this code. ESA does not say what a version
 * contains, so the release remembers what it published last; where it does not know, it publishes again. True when it did.
 */
export async function publishEdgeRoutine(
  esa: Esa,
  config: ReleaseConfig,
  code: string,
  runningVersion: string | undefined,
): Promise<boolean> {
  const digest = createHash('sha256').update(code).digest('hex');
  const memory = memoryOf(config);
  if (runningVersion !== undefined && (await memory.read()) === `${runningVersion} ${digest}`) return false;
  const version = await commit(esa, code, `sha256 ${digest}`);
  const { client, sdk } = esa;
  const publication = { name: ROUTINE_NAME, env: 'production', codeVersion: version };
  await client.publishRoutineCodeVersion(new sdk.PublishRoutineCodeVersionRequest(publication));
  await memory.write(`${version} ${digest}`);
  return true;
}

/** A file for each account and site: version numbers have no meaning elsewhere. */
function memoryOf({ cacheDirectory, credentials, cloud }: ReleaseConfig) {
  const place = createHash('sha256')
    .update(`${credentials.accessKeyId} ${cloud.edge.siteId}`)
    .digest('hex')
    .slice(0, 16);
  const file = path.join(cacheDirectory, `edge-routine-of-${place}`);
  return {
    read: () => readFile(file, 'utf8').catch(() => undefined),
    async write(text: string) {
      await mkdir(cacheDirectory, { recursive: true });
      await writeFile(file, text);
    },
  };
}

async function commit({ client, sdk }: Esa, code: string, codeDescription: string): Promise<string> {
  const name = ROUTINE_NAME;
  const request = new sdk.GetRoutineStagingCodeUploadInfoRequest({ name, codeDescription });
  const { body: upload } = await client.getRoutineStagingCodeUploadInfo(request);
  const { Url: url, XOssSecurityToken: token, ...fields } = upload?.ossPostConfig ?? {};
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) form.append(field, String(value));
  if (token !== undefined) form.append('x-oss-security-token', String(token));
  // OSS reads no field that comes after the file.
  form.append('file', new Blob([code]), 'index.js');
  const answer = await fetch(String(url), { method: 'POST', body: form });
  if (!answer.ok) throw new Error(`the upload of the edge routine: ${answer.status} ${await answer.text()}`);
  const commitRequest = new sdk.CommitRoutineStagingCodeRequest({ name, codeDescription });
  const { body } = await client.commitRoutineStagingCode(commitRequest);
  if (!body?.codeVersion) throw new Error('ESA names no version for the edge routine it took');
  return body.codeVersion;
}
