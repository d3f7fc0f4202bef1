import type { Manifest } from '@miaobu/shared/contracts/manifest';

/** A content that is uploaded under its hash, unless the platform has it. */
export interface ArtifactContent {
  /** SHA-256 in lower-case hex. */
  readonly sha256: string;
  readonly bytes: number;
  /** Where it is read from; what lies there does not change any more. */
  readonly source: string;
  /** What it is called in the log. */
  readonly name: string;
}

/** What a build made: contents, and the manifest that makes them a deployment. */
export interface Artifact {
  readonly contents: readonly ArtifactContent[];
  readonly manifest: Manifest;
}
