import type { ArtifactManifest } from '@miaobu/shared/contracts/app-manifest';

/** A content that is uploaded under its hash, unless the platform already has it. */
export interface ArtifactContent {
  /** SHA-256 in lower-case hex. */
  readonly sha256: string;
  readonly bytes: number;
  /** MD5 in base64, which the storage compares with what arrives. If absent, it is computed from `source`. */
  readonly md5?: string;
  /** Where it is read from; the file no longer changes. */
  readonly source: string;
  /** Its offset in `source`, if not 0. */
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
