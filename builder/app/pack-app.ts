import path from 'node:path';
import { APP_PORT, type AppManifest, parseAppManifest } from '@miaobu/shared/contracts/app-manifest';
import type { DetectedServer } from '@miaobu/shared/kernel/detect/detect-build';
import type { BuildUser } from '../commands/build-user.ts';
import type { Artifact } from '../upload/artifact.ts';
import type { AppFile } from './app-files.ts';
import { packNodeApp } from './pack-node-app.ts';
import { packPythonApp } from './pack-python-app.ts';
import { writePackage } from './write-package.ts';

export interface PackInput {
  /** Real path of the project's root directory, after the build. Nothing may still be writing there. */
  readonly folder: string;
  /** Real path of the repository, which no link may lead out of. */
  readonly source: string;
  readonly server: DetectedServer;
  /** Who built it. */
  readonly user: BuildUser | undefined;
  readonly say: (line: string) => void;
  /** Ends it, with its reason. */
  readonly signal: AbortSignal;
}

export interface PackedApp {
  readonly files: readonly AppFile[];
  readonly start: string;
}

/**
 * Packs a built server into one zip at `target`, which the build cannot reach. Throws `BuildFailure`, and
 * `ManifestError` for what the platform would refuse.
 */
export async function packApp({ target, ...input }: PackInput & { readonly target: string }): Promise<Artifact> {
  const { server, say } = input;
  const { files, start } = await (server.runtime === 'node' ? packNodeApp(input) : packPythonApp(input));
  const packed = await writePackage(files, target, input.signal);
  const unpacked = files.reduce((sum, file) => sum + file.bytes, 0);
  const manifest: AppManifest = parseAppManifest({
    v: 1,
    kind: server.runtime,
    version: server.version,
    start,
    port: APP_PORT,
    files: files.length,
    unpacked_bytes: unpacked,
    package: packed,
  });
  say(`Packed ${files.length} files: ${sizeOf(packed.bytes)} (${sizeOf(unpacked)} unpacked); start: ${start}`);
  return { contents: [{ ...packed, source: target, name: path.basename(target) }], manifest };
}

const sizeOf = (bytes: number) =>
  bytes < 100 * 1024 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
