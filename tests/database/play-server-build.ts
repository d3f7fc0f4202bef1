import type { AppManifest } from '@miaobu/shared/contracts/app-manifest';
import { type Zippable, zipSync } from 'fflate';
import { type CallbackUnderTest, putUpload, sha256Of, type Upload } from './callback-under-test.ts';
import type { Dispatched } from './prepare-deployment.ts';

export const FILE = 0o100644;

/** A zip of these files; `mode` applies to one of them. */
export function zipOf(files: Readonly<Record<string, string>>, modes: Readonly<Record<string, number>> = {}): Buffer {
  const entries: Zippable = {};
  for (const [name, content] of Object.entries(files)) {
    const mode = modes[name] ?? FILE;
    entries[name] = [Buffer.from(content), { os: 3, attrs: (mode << 16) >>> 0, mtime: new Date(1981, 0, 1) }];
  }
  return Buffer.from(zipSync(entries));
}

/** What a builder reports about a package of these files. */
export function serverManifest(files: Readonly<Record<string, string>>, zip: Buffer): AppManifest {
  return {
    v: 1,
    kind: 'node',
    version: '22',
    start: 'node server.js',
    port: 9000,
    files: Object.keys(files).length,
    unpacked_bytes: Object.values(files).reduce((sum, content) => sum + Buffer.byteLength(content), 0),
    package: { sha256: sha256Of(zip), bytes: zip.length },
  };
}

/** Plays a whole build of a server. Resolves with how many packages had to be uploaded. */
export async function playServerBuild(
  callback: CallbackUnderTest,
  dispatched: Dispatched,
  manifest: AppManifest,
  content: Buffer | undefined,
): Promise<number> {
  const run = callback.runOf(dispatched);
  const { token } = (await run.redeem()).data;
  const { token: publish } = (await run.publication(token)).data;
  const { uploads } = (await run.uploads(publish, [manifest.package])).data as { uploads: Upload[] };
  for (const upload of uploads) if (content) await putUpload(upload, content);
  const text = JSON.stringify(manifest);
  const described = { sha256: sha256Of(text), bytes: Buffer.byteLength(text) };
  await putUpload((await run.manifest(publish, described)).data as unknown as Upload, text);
  const report = {
    seq: 1,
    kind: 'uploaded',
    manifest_sha256: described.sha256,
    manifest_bytes: described.bytes,
  } as const;
  const { status } = await run.report(token, { ...report, build_seconds: 1 });
  if (status !== 200) throw new Error(`the build was refused: ${status}`);
  return uploads.length;
}
