import type { ArtifactManifest } from '@miaobu/shared/contracts/app-manifest';

/** A content that is uploaded under its hash, unless the platform has it. */
export interface ArtifactContent {
  /** SHA-256 in lower-case hex. */
  readonly sha256: string;
  readonly bytes: number;
  /** MD5 in base64: the storage compares with it what arrives. Without it, it is made when the content is missing there. */
  readonly md5?: string;
  /** Where it is read from; what lies there does not change any more. */
  readonly source: string;
  /** Where in `source` it begins, if not at its beginning. */
  readonly start?: number;
  /** What it is called in the log. */
  readonly name: string;
}

/** What a build made: contents, and the manifest that makes them a deployment. */
export interface Artifact {
  readonly contents: readonly ArtifactContent[];
  readonly manifest: ArtifactManifest;
}
