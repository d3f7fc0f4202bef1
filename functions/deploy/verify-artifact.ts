import { createHash } from 'node:crypto';
import {
  type AppManifest,
  type ArtifactManifest,
  blobsOfArtifact,
  parseArtifactManifest,
} from '@miaobu/shared/contracts/app-manifest';
import {
  blobKey,
  claimedManifestKey,
  MANIFEST_LIMITS,
  type Manifest,
  ManifestError,
} from '@miaobu/shared/contracts/manifest';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { sha256 } from '@miaobu/shared/kernel/hmac';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Blob } from '@miaobu/shared/model/build/blob-repository';
import { doomInTime } from '@miaobu/shared/model/build/doom-in-time';
import type { Deployment } from '@miaobu/shared/model/deployment/deployment';
import type { Lease } from '@miaobu/shared/model/outbox/work-outbox';
import type { Store } from '@miaobu/shared/model/repositories';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';
import { PACKAGE_TAIL_BYTES, packageProblem } from './check-package.ts';

const PARALLEL_READS = 16;
/** Progress is recorded this often, so that a takeover does not start over. */
const VERIFIED_BATCH = 200;
const WANTED_BATCH = 1000;
/** What one call to the store can delete. */
const DELETED_BATCH = 1000;

export interface Deps {
  readonly store: Pick<Store, 'blobs'>;
  readonly objectStore: Pick<ObjectStore, 'read' | 'get' | 'delete'>;
  readonly monotonicMs: () => number;
}

const refuse = (message: string) => new AppError('artifact_invalid', { message });

async function readManifest(deps: Deps, deployment: Deployment, slug: string): Promise<ArtifactManifest> {
  const key = claimedManifestKey(slug, showId('deployment', deployment.id), deployment.attempt);
  const bytes = await deps.objectStore.read(key, MANIFEST_LIMITS.manifestBytes);
  if (!bytes) throw refuse('the manifest of the build is missing');
  if (!deployment.manifestSha256?.equals(sha256(bytes))) throw refuse('the manifest is not the one the build reported');
  try {
    return parseArtifactManifest(JSON.parse(bytes.toString('utf8')));
  } catch (error) {
    throw refuse(error instanceof ManifestError ? error.message : 'the manifest is not valid JSON');
  }
}

/** Whether an object's content matches its hash. Streams it. */
async function check(deps: Deps, key: string, blob: Blob): Promise<'good' | 'wrong' | 'missing'> {
  const found = await deps.objectStore.get(key);
  if (!found) return 'missing';
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of found.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    hash.update(chunk);
  }
  return size === blob.bytes && hash.digest('hex') === blob.sha256 ? 'good' : 'wrong';
}

/** Every content of a site with a human-readable name. */
const namesOf = ({ files }: Manifest) =>
  files.flatMap(({ path, sha256, encodings = {} }) => [
    { name: path, sha256 },
    ...Object.entries(encodings).map(([encoding, twin]) => ({ name: `${path} (${encoding})`, sha256: twin.sha256 })),
  ]);

/**
 * Reads the manifest of a deployment's current attempt, of a site or a server, and verifies every file it names: a presigned upload
 * cannot bind a hash, so unverified contents are read back and hashed. A content that does not match its name is deleted. Throws
 * `artifact_invalid` with a sentence for the user.
 */
export async function verifyArtifact(
  deps: Deps,
  deployment: Deployment,
  slug: string,
  lease: Lease,
): Promise<ArtifactManifest> {
  const manifest = await readManifest(deps, deployment, slug);
  const blobs = blobsOfArtifact(manifest);
  // The runner may have listed what it never requested: from here on the sweep leaves all of it alone.
  for (let start = 0; start < blobs.length; start += WANTED_BATCH) {
    const batch = blobs.slice(start, start + WANTED_BATCH);
    // The sizes it states reserve no storage: that was done on request, or the content does not exist.
    await deps.store.blobs.wantMany(
      deployment.projectId,
      batch.map(({ sha256 }) => ({ sha256, bytes: 0 })),
    );
  }
  const verified = await deps.store.blobs.findVerified(
    deployment.projectId,
    blobs.map((blob) => blob.sha256),
  );
  const wrongSize = blobs.find((blob) => (verified.get(blob.sha256) ?? blob.bytes) !== blob.bytes);
  if (wrongSize) throw refuse(`the manifest gives a wrong size for ${wrongSize.sha256}`);

  const unverified = blobs.filter((blob) => !verified.has(blob.sha256));
  const broken: Record<'wrong' | 'missing', Blob[]> = { wrong: [], missing: [] };
  for (let start = 0; start < unverified.length; start += VERIFIED_BATCH) {
    lease.assertTrusted();
    const good: Blob[] = [];
    const queue = unverified.slice(start, start + VERIFIED_BATCH);
    const reader = async () => {
      for (let blob = queue.pop(); blob; blob = queue.pop()) {
        const found = await check(deps, blobKey(slug, blob.sha256), blob);
        (found === 'good' ? good : broken[found]).push(blob);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_READS }, reader));
    if (good.length > 0) await deps.store.blobs.markVerified(deployment.projectId, good);
  }
  await deleteWrong(deps, deployment.projectId, slug, broken.wrong, lease);
  const refused = [...broken.wrong, ...broken.missing];
  if (refused.length > 0) {
    if (manifest.kind !== 'static') throw refuse('the uploaded package is missing or not what the build said');
    const hashes = new Set(refused.map((blob) => blob.sha256));
    const example = namesOf(manifest).find(({ sha256 }) => hashes.has(sha256))?.name;
    throw refuse(`${refused.length} uploaded files are missing or not what the build said, e.g. ${example}`);
  }
  if (manifest.kind !== 'static') await checkPackage(deps, manifest, slug);
  return manifest;
}

/** The package matches its manifest; this checks that it may be unpacked. Reads it once more, keeping only its end. */
async function checkPackage(deps: Deps, manifest: AppManifest, slug: string): Promise<void> {
  const found = await deps.objectStore.get(blobKey(slug, manifest.package.sha256));
  if (!found) throw refuse('the uploaded package is missing');
  let tail = Buffer.alloc(0);
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  const join = () => {
    tail = Buffer.concat([tail, ...waiting]).subarray(-PACKAGE_TAIL_BYTES);
    waiting = [];
    waitingBytes = 0;
  };
  for await (const chunk of found.body as AsyncIterable<Buffer>) {
    waiting.push(chunk);
    waitingBytes += chunk.length;
    if (waitingBytes > PACKAGE_TAIL_BYTES) join();
  }
  join();
  const problem = packageProblem(manifest, tail);
  if (problem !== undefined) throw refuse(`the package was refused: ${problem}`);
}

/**
 * Makes room for the right content, because an upload never overwrites. Missing contents are left alone, and so is what another
 * deployment of the project has had verified meanwhile: it was uploaded after our check. `blob-repository.ts` explains why no deletion,
 * however slow, races an upload.
 */
async function deleteWrong(deps: Deps, projectId: string, slug: string, wrong: readonly Blob[], lease: Lease) {
  const { blobs } = deps.store;
  for (let start = 0; start < wrong.length; start += DELETED_BATCH) {
    const hashes = wrong.slice(start, start + DELETED_BATCH).map((blob) => blob.sha256);
    lease.assertTrusted();
    const doom = await doomInTime(deps.monotonicMs, () => blobs.doomWrong(projectId, hashes));
    if (!doom) continue;
    await deps.objectStore.delete(doom.hashes.map((hash) => blobKey(slug, hash)));
    await blobs.endDeletion(projectId, doom);
  }
}
