import type { ArtifactManifest } from '@miaobu/shared/contracts/app-manifest';

/** A content that is uploaded under its hash, unless the platform has it. */
export interface ArtifactContent {
  /** SHA-256 in lower-case hex. */
  readonly sha256: string;
  readonly bytes: number;
  /** MD5 in base64, which the storage compares with what arrives. Without it, it is made of what `source` holds. */
  readonly md5?: string;
  /** Where it is read from; what lies there does not change any more. */
  readonly source: string;
  /** Where in `source` it begins, if not at its beginning. */
  readonly start?: number;
  /** What it is called in the log. */
  readonly name: string;
  /** It is a compressed form of another one. */
  readonly isTwin?: boolean;
}

/** What a build made: contents, and the manifest that makes them a deployment. */
export interface Artifact {
  readonly contents: readonly ArtifactContent[];
  readonly manifest: ArtifactManifest;
}
