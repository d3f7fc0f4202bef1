import type {
  ManifestUploadAnswer,
  ManifestUploadRequest,
  UploadAnswer,
  UploadRequest,
} from '@miaobu/shared/contracts/build-job';
import { blobKey, claimedManifestKey, MANIFEST_LIMITS } from '@miaobu/shared/contracts/manifest';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import { UPLOAD_SECONDS } from '@miaobu/shared/model/build/build-tokens';
import type { Store } from '@miaobu/shared/model/repositories';
import { requireRoomForUploads } from '@miaobu/shared/model/usage/require-storage-room';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';
import type { AuthenticateRunner, Runner, RunnerClaim } from './authenticate-runner.ts';

/** A content never changes under its name, so the edge may cache it; otherwise every visitor costs a read of the bucket. */
const FOR_EVER = { 'cache-control': 'public, max-age=31536000, immutable' } as const;

export interface Deps {
  readonly authenticateRunner: AuthenticateRunner;
  readonly store: Pick<Store, 'deployments' | 'projects' | 'transaction'>;
  readonly objectStore: Pick<ObjectStore, 'presignPut'>;
}

/** The project of an attempt that may still upload. */
async function projectOf(deps: Deps, { deploymentId, attempt }: Runner) {
  const deployment = await deps.store.deployments.find(deploymentId);
  if (deployment?.attempt !== attempt || deployment.status !== 'uploading') throw new AppError('attempt_closed');
  const project = await deps.store.projects.find(deployment.projectId);
  if (!project) throw new AppError('attempt_closed');
  return project;
}

/** Upload URLs for the blobs that the project does not have yet, each for exactly that key and that many bytes. */
export const requestUploads =
  (deps: Deps) =>
  async (claim: RunnerClaim, request: UploadRequest): Promise<UploadAnswer> => {
    const project = await projectOf(deps, await deps.authenticateRunner('publish', claim));
    const blobs = new Map(request.blobs.map((blob) => [blob.sha256, blob]));
    for (const { bytes } of blobs.values()) {
      if (bytes > MANIFEST_LIMITS.fileBytes) {
        throw new AppError('artifact_invalid', { details: { file_limit_bytes: MANIFEST_LIMITS.fileBytes } });
      }
    }
    const missing = await deps.store.transaction(async (repositories) => {
      const wanted = await repositories.blobs.wantMany(project.id, [...blobs.values()]);
      if (wanted.length > 0) await requireRoomForUploads(repositories, project.userId);
      return wanted;
    });
    return {
      uploads: await Promise.all(
        missing.map(async (sha256) => {
          const { bytes = 0, md5 } = blobs.get(sha256) ?? {};
          const { url, headers } = await deps.objectStore.presignPut(blobKey(project.slug, sha256), {
            contentLength: bytes,
            ...(md5 === undefined ? {} : { contentMd5: md5 }),
            // Works once: nobody can replace the content after it was verified.
            forbidOverwrite: true,
            expiresInSeconds: UPLOAD_SECONDS,
          });
          return { sha256, url, headers: { ...headers, ...FOR_EVER } };
        }),
      ),
    };
  };

/** The upload URL for this attempt's manifest. */
export const requestManifestUpload =
  (deps: Deps) =>
  async (claim: RunnerClaim, request: ManifestUploadRequest): Promise<ManifestUploadAnswer> => {
    const runner = await deps.authenticateRunner('publish', claim);
    const project = await projectOf(deps, runner);
    if (request.bytes > MANIFEST_LIMITS.manifestBytes) {
      throw new AppError('artifact_invalid', { details: { manifest_limit_bytes: MANIFEST_LIMITS.manifestBytes } });
    }
    const key = claimedManifestKey(project.slug, showId('deployment', runner.deploymentId), runner.attempt);
    const { url, headers } = await deps.objectStore.presignPut(key, {
      contentLength: request.bytes,
      contentType: 'application/json',
      expiresInSeconds: UPLOAD_SECONDS,
    });
    return { url, headers };
  };
