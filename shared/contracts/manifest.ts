/**
 * The manifest of a static site: `manifest-{attempt}.json` (written by the builder, never trusted) becomes
 * `manifest.json` (checked by `deploy`), which is compiled to the routing table that the edge reads.
 *
 * No zod in this file: the edge routine bundles it. The builder's document is parsed by `parseManifest`, by hand.
 */

import { isRecord } from '../kernel/read-json-value.ts';
import { parseRoutingRules, type RoutingRules } from './routing-rules.ts';

/** Limits of one static deployment. */
export const MANIFEST_LIMITS = {
  files: 20_000,
  fileBytes: 100 * 1024 * 1024,
  totalBytes: 1024 * 1024 * 1024,
  pathBytes: 1024,
  /** Of the manifest itself, as JSON: enough for 20,000 files with long names. */
  manifestBytes: 32 * 1024 * 1024,
} as const;

export interface ManifestFile {
  /** Path from the site's root, without a leading slash, `/` between segments, NFC, e.g. `assets/app.js`. */
  readonly path: string;
  /** SHA-256 of the content in lower-case hex: the blob's name under `projects/{slug}/blobs/`. */
  readonly sha256: string;
  readonly bytes: number;
  /** Value of Content-Type, with charset for text. */
  readonly type: string;
  /** Precompressed twins of the same content, by encoding. */
  readonly encodings?: Readonly<Partial<Record<'br' | 'gzip', { readonly sha256: string; readonly bytes: number }>>>;
}

export interface Manifest {
  readonly v: 1;
  readonly kind: 'static';
  /** Whether unknown paths without an extension get `index.html` (single-page app). */
  readonly spa: boolean;
  readonly files: readonly ManifestFile[];
  /** The site's own routing rules; absent when it has none. */
  readonly rules?: RoutingRules;
}

export class ManifestError extends Error {
  override readonly name = 'ManifestError';
}

const SHA256 = /^[0-9a-f]{64}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: it has to match control characters
const FORBIDDEN_IN_PATH = /[\u0000-\u001f\u007f\\]/;

/** Why a path may not be part of a site, or undefined when it may. */
export function pathProblem(path: string): string | undefined {
  if (path === '') return 'is empty';
  if (new TextEncoder().encode(path).length > MANIFEST_LIMITS.pathBytes) {
    return `is longer than ${MANIFEST_LIMITS.pathBytes} bytes`;
  }
  if (FORBIDDEN_IN_PATH.test(path)) return 'contains a control character or a backslash';
  if (path.normalize('NFC') !== path) return 'is not in Unicode normal form C';
  for (const segment of path.split('/')) {
    if (segment === '') return 'has an empty segment';
    if (segment === '.' || segment === '..') return 'has a . or .. segment';
  }
  return undefined;
}

function blobOf(value: unknown, where: string): { sha256: string; bytes: number } {
  if (!isRecord(value)) throw new ManifestError(`${where} is not an object`);
  const { sha256, bytes } = value;
  if (typeof sha256 !== 'string' || !SHA256.test(sha256)) throw new ManifestError(`${where} has no valid sha256`);
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 0) {
    throw new ManifestError(`${where} has no valid size`);
  }
  if (bytes > MANIFEST_LIMITS.fileBytes) {
    throw new ManifestError(`${where} is over the limit of ${MANIFEST_LIMITS.fileBytes / 1024 / 1024} MB for one file`);
  }
  return { sha256, bytes };
}

const HEADER_VALUE = /^[\x20-\x7e]{1,255}$/;

function fileOf(value: unknown, index: number): ManifestFile {
  if (!isRecord(value) || typeof value.path !== 'string') throw new ManifestError(`file ${index} has no path`);
  const { path, type } = value;
  const problem = pathProblem(path);
  if (problem) throw new ManifestError(`the path ${JSON.stringify(path)} ${problem}`);
  if (typeof type !== 'string' || !HEADER_VALUE.test(type)) {
    throw new ManifestError(`${JSON.stringify(path)} has no valid content type`);
  }
  const file = { path, ...blobOf(value, JSON.stringify(path)), type };
  if (value.encodings === undefined) return file;
  if (!isRecord(value.encodings)) throw new ManifestError(`${JSON.stringify(path)} has invalid encodings`);
  const encodings: Partial<Record<'br' | 'gzip', { sha256: string; bytes: number }>> = {};
  for (const [name, blob] of Object.entries(value.encodings)) {
    if (name !== 'br' && name !== 'gzip') throw new ManifestError(`${JSON.stringify(path)} has an unknown encoding`);
    encodings[name] = blobOf(blob, `${JSON.stringify(path)} (${name})`);
  }
  return { ...file, encodings };
}

/**
 * Reads an untrusted manifest. Returns a copy with known fields only, files in code-unit order of their paths. Throws
 * `ManifestError` with a sentence for the deployment's log: bad paths, duplicates, paths that differ in case only,
 * a file and a folder of the same name, a content with two sizes, no files, invalid rules, or anything over `MANIFEST_LIMITS`.
 */
export function parseManifest(value: unknown): Manifest {
  if (!isRecord(value) || value.v !== 1 || value.kind !== 'static' || typeof value.spa !== 'boolean') {
    throw new ManifestError('this is not a version 1 manifest of a static site');
  }
  if (!Array.isArray(value.files)) throw new ManifestError('the manifest has no list of files');
  if (value.files.length === 0) throw new ManifestError('the output folder has no files');
  if (value.files.length > MANIFEST_LIMITS.files) {
    throw new ManifestError(`the site has ${value.files.length} files; the limit is ${MANIFEST_LIMITS.files}`);
  }
  const files = value.files.map(fileOf).sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const byFoldedPath = new Map<string, string>();
  let total = 0;
  for (const { path, bytes } of files) {
    const folded = path.toLowerCase();
    const other = byFoldedPath.get(folded);
    if (other !== undefined) {
      throw new ManifestError(
        other === path
          ? `the path ${JSON.stringify(path)} is listed twice`
          : `${JSON.stringify(other)} and ${JSON.stringify(path)} differ in upper and lower case only`,
      );
    }
    byFoldedPath.set(folded, path);
    total += bytes;
  }
  for (const { path } of files) {
    for (let cut = path.indexOf('/'); cut !== -1; cut = path.indexOf('/', cut + 1)) {
      const folder = path.slice(0, cut);
      if (byFoldedPath.has(folder.toLowerCase())) {
        throw new ManifestError(`${JSON.stringify(folder)} is both a file and a folder`);
      }
    }
  }
  const sizes = new Map<string, number>();
  for (const file of files) {
    for (const { sha256, bytes } of [file, ...Object.values(file.encodings ?? {})]) {
      if ((sizes.get(sha256) ?? bytes) !== bytes) throw new ManifestError(`the content ${sha256} has two sizes`);
      sizes.set(sha256, bytes);
    }
  }
  if (total > MANIFEST_LIMITS.totalBytes) {
    throw new ManifestError(`the site is over the limit of ${MANIFEST_LIMITS.totalBytes / 1024 / 1024} MB in all`);
  }
  const rules =
    value.rules === undefined
      ? undefined
      : parseRoutingRules(value.rules, (message) => {
          throw new ManifestError(message);
        });
  return { v: 1, kind: 'static', spa: value.spa, files, ...(rules && { rules }) };
}

/** Every distinct blob of a manifest, encodings included, in a stable order. */
export function blobsOf(manifest: Manifest): { sha256: string; bytes: number }[] {
  const blobs = new Map<string, number>();
  for (const file of manifest.files) {
    blobs.set(file.sha256, file.bytes);
    for (const twin of Object.values(file.encodings ?? {})) blobs.set(twin.sha256, twin.bytes);
  }
  return [...blobs].map(([sha256, bytes]) => ({ sha256, bytes })).sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
}

/** The key of a blob in the bucket. */
export const blobKey = (slug: string, sha256: string) => `projects/${slug}/blobs/${sha256}`;
/** The folder of a deployment in the bucket, without a trailing slash. */
export const deploymentPrefix = (slug: string, deploymentId: string) => `projects/${slug}/${deploymentId}`;
/** The key of the manifest that the builder of an attempt uploaded, unchecked. */
export const claimedManifestKey = (slug: string, deploymentId: string, attempt: number) =>
  `${deploymentPrefix(slug, deploymentId)}/manifest-${attempt}.json`;
/** The key of the manifest that `deploy` has checked. */
export const verifiedManifestKey = (slug: string, deploymentId: string) =>
  `${deploymentPrefix(slug, deploymentId)}/manifest.json`;
