import { $OpenApiUtil } from '@alicloud/openapi-core';
import type { Credentials } from '../account.ts';

/** The vendor's SDK, aimed at an emulator on this machine. */
export async function esaClientForTests(port: number, credentials: Credentials) {
  const sdk = (await import('@alicloud/esa20240910')).default;
  const config = new $OpenApiUtil.Config({
    ...credentials,
    endpoint: `127.0.0.1:${port}`,
    protocol: 'http',
    regionId: 'cn-hangzhou',
  });
  return { client: new sdk.default(config), models: sdk };
}

export type EsaClientForTests = Awaited<ReturnType<typeof esaClientForTests>>;

/** Uploads, commits and publishes a routine, as a release does. Returns the version. */
export async function publishRoutine({ client, models }: EsaClientForTests, name: string, code: string) {
  const info = await client.getRoutineStagingCodeUploadInfo(
    new models.GetRoutineStagingCodeUploadInfoRequest({ name }),
  );
  const { Url, ...fields } = info.body?.ossPostConfig ?? {};
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) form.append(field, String(value));
  form.append('file', new Blob([code]), 'index.js');
  const uploaded = await fetch(String(Url), { method: 'POST', body: form });
  if (!uploaded.ok) throw new Error(`upload: ${uploaded.status} ${await uploaded.text()}`);
  const committed = await client.commitRoutineStagingCode(new models.CommitRoutineStagingCodeRequest({ name }));
  const codeVersion = committed.body?.codeVersion ?? '';
  await client.publishRoutineCodeVersion(
    new models.PublishRoutineCodeVersionRequest({ name, env: 'production', codeVersion }),
  );
  return codeVersion;
}
