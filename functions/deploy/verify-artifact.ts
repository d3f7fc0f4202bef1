import { createHash } from 'node:crypto';
import {
  blobKey,
  blobsOf,
  deploymentPrefix,
  type Manifest,
  ManifestError,
  parseManifest,
} from '@miaobu/shared/contracts/manifest';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { sha256 } from '@miaobu/shared/kernel/hmac';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Blob } from '@miaobu/shared/model/build/blob-repository';
import type { Deployment } from '@miaobu/shared/model/deployment/deployment';
import type { Lease } from '@miaobu/shared/model/outbox/work-outbox';
import type { Store } from '@miaobu/shared/model/repositories';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';

const MANIFEST_LIMIT_BYTES = 32 * 1024 * 1024;
const PARALLEL_READS = 16;
/** Progress is written down this often: a takeover does not begin again. */
const VERIFIED_BATCH = 200;

export interface Deps {
  readonly store: Pick<Store, 'blobs'>;
  readonly objectStore: Pick<ObjectStore, 'read' | 'get' | 'delete'>;
}

const refuse = (message: string) => new AppError('artifact_invalid', { message });

async function readManifest(deps: Deps, deployment: Deployment, slug: string): Promise<Manifest> {
  const prefix = deploymentPrefix(slug, showId('deployment', deployment.id));
  const bytes = await deps.objectStore.read(`${prefix}/manifest-${deployment.attempt}.json`, MANIFEST_LIMIT_BYTES);
  if (!bytes) throw refuse('the manifest of the build is missing');
  if (!deployment.manifestSha256?.equals(sha256(bytes))) throw refuse('the manifest is not the one the build reported');
  try {
    return parseManifest(JSON.parse(bytes.toString('utf8')));
  } catch (error) {
    throw refuse(error instanceof ManifestError ? error.message : 'the manifest is not valid JSON');
  }
}

/** Whether an object's content is what its name says. Reads it whole, without holding it. */
async function hasContent(deps: Deps, key: string, blob: Blob): Promise<boolean> {
  const found = await deps.objectStore.get(key);
  if (!found) return false;
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of found.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    hash.update(chunk);
  }
  return size === blob.bytes && hash.digest('hex') === blob.sha256;
}

/**
 * Reads the manifest of a deployment's current attempt and makes sure of every file it names: a presigned upload cannot
 * bind a hash, so what was not verified before is read back and hashed. A content that is not what its name says is
 * deleted. Throws `artifact_invalid` with a sentence for the user.
 */
export async function verifyArtifact(
  deps: Deps,
  deployment: Deployment,
  slug: string,
  lease: Lease,
): Promise<Manifest> {
  const manifest = await readManifest(deps, deployment, slug);
  const blobs = blobsOf(manifest);
  const verified = await deps.store.blobs.findVerified(
    deployment.projectId,
    blobs.map((blob) => blob.sha256),
  );
  const wrongSize = blobs.find((blob) => (verified.get(blob.sha256) ?? blob.bytes) !== blob.bytes);
  if (wrongSize) throw refuse(`the manifest gives a wrong size for ${wrongSize.sha256}`);

  const unverified = blobs.filter((blob) => !verified.has(blob.sha256));
  const broken: Blob[] = [];
  for (let start = 0; start < unverified.length; start += VERIFIED_BATCH) {
    lease.assertTrusted();
    const batch = unverified.slice(start, start + VERIFIED_BATCH);
    const good: Blob[] = [];
    const queue = [...batch];
    const reader = async () => {
      for (let blob = queue.pop(); blob; blob = queue.pop()) {
        (await hasContent(deps, blobKey(slug, blob.sha256), blob)) ? good.push(blob) : broken.push(blob);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_READS }, reader));
    if (good.length > 0) await deps.store.blobs.markVerified(deployment.projectId, good);
  }
  if (broken.length > 0) {
    await deps.objectStore.delete(broken.map((blob) => blobKey(slug, blob.sha256)));
    const paths = manifest.files
      .filter((file) => broken.some((blob) => blob.sha256 === file.sha256))
      .map((file) => file.path);
    throw refuse(
      `${broken.length} uploaded files are missing or not what the build said, e.g. ${paths[0] ?? 'an encoding'}`,
    );
  }
  return manifest;
}
