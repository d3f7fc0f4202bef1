/**
 * The manifest of a server: its one package, and how to run it. It replaces a site's manifest (`manifest.ts`) under the same
 * names and is handled in the same way: written by the builder, never trusted, checked by `deploy`.
 *
 * The package is a zip in the format of Function Compute's `custom.debian11`, stored by its hash among the project's blobs.
 * No zod in this file: the builder's document is parsed by hand, like a site's.
 */
import { isRecord } from '../kernel/read-json-value.ts';
import { blobsOf, type Manifest, ManifestError, parseManifest } from './manifest.ts';

const MEGABYTE = 1024 * 1024;

/**
 * Limits of one package. Function Compute accepts 500 MB from a bucket and 100 MB in a request; 100 MB is also the limit of our
 * upload links, and accepted in every region. A zip holds at most 65,534 files without Zip64 extensions, which not every
 * reader supports.
 */
export const APP_LIMITS = {
  files: 60_000,
  fileBytes: 100 * MEGABYTE,
  unpackedBytes: 500 * MEGABYTE,
  packageBytes: 100 * MEGABYTE,
  pathBytes: 1024,
  /** How many times larger than its package an app may be, once it is over a megabyte. */
  ratio: 100,
} as const;

/** The port a server listens on: Function Compute sends requests there. */
export const APP_PORT = 9000;

export interface AppManifest {
  readonly v: 1;
  readonly kind: 'node' | 'python';
  /** The release line of the runtime that it was built for, e.g. `22` or `3.12`. */
  readonly version: string;
  /** A shell command; its environment is `serverEnvironment`. */
  readonly start: string;
  readonly port: typeof APP_PORT;
  /** The number of files in the package, and their total size. */
  readonly files: number;
  readonly unpacked_bytes: number;
  readonly package: { readonly sha256: string; readonly bytes: number };
}

export type ArtifactManifest = Manifest | AppManifest;

// biome-ignore lint/suspicious/noControlCharactersInRegex: it has to match control characters
const FORBIDDEN_IN_PATH = /[\u0000-\u001f\u007f\\]/;

/** Why a file of this path may not be in a package, or undefined when it may. */
export function packagePathProblem(path: string): string | undefined {
  if (new TextEncoder().encode(path).length > APP_LIMITS.pathBytes) {
    return `is longer than ${APP_LIMITS.pathBytes} bytes`;
  }
  if (FORBIDDEN_IN_PATH.test(path)) return 'contains a control character or a backslash';
  for (const segment of path.split('/')) {
    if (segment === '') return 'is absolute, or has an empty segment';
    if (segment === '.' || segment === '..') return 'has a . or .. segment';
  }
  return undefined;
}

/** Files that the owner of the app cannot rename. */
const isDependency = (path: string) => /(^|\/)(node_modules|python_deps)\//.test(path);

/**
 * Why these files cannot be in one package: a path occurs twice, is both a file and a folder, or differs from another in case
 * only. Dependencies may differ in case only: servers run on Linux, which distinguishes them, and users cannot rename them.
 */
export function packagePathsProblem(paths: Iterable<string>): string | undefined {
  const byFoldedPath = new Map<string, string>();
  const exact = new Set<string>();
  for (const path of paths) {
    if (exact.has(path)) return `${JSON.stringify(path)} is there twice`;
    exact.add(path);
    if (isDependency(path)) continue;
    const folded = path.toLowerCase();
    const other = byFoldedPath.get(folded);
    if (other !== undefined) {
      return `${JSON.stringify(other)} and ${JSON.stringify(path)} differ in upper and lower case only`;
    }
    byFoldedPath.set(folded, path);
  }
  for (const path of exact) {
    for (let cut = path.indexOf('/'); cut !== -1; cut = path.indexOf('/', cut + 1)) {
      if (exact.has(path.slice(0, cut))) return `${JSON.stringify(path.slice(0, cut))} is both a file and a folder`;
    }
  }
  return undefined;
}

/** Why an app of this size may not be published, or undefined. `package` is absent before it is packed. */
export function packageSizeProblem(size: {
  readonly files: number;
  readonly unpacked_bytes: number;
  readonly package?: { readonly bytes: number };
}): string | undefined {
  const { files, unpacked_bytes: unpacked, package: packed } = size;
  if (files > APP_LIMITS.files) return `the app has more than ${APP_LIMITS.files} files`;
  if (unpacked > APP_LIMITS.unpackedBytes) {
    return `the app is over the limit of ${APP_LIMITS.unpackedBytes / MEGABYTE} MB unpacked`;
  }
  if (!packed) return undefined;
  if (packed.bytes > APP_LIMITS.packageBytes) {
    return `the package has ${packed.bytes} bytes; the limit is ${APP_LIMITS.packageBytes / MEGABYTE} MB`;
  }
  if (unpacked > MEGABYTE && unpacked > packed.bytes * APP_LIMITS.ratio) {
    return `the package unpacks to more than ${APP_LIMITS.ratio} times its size`;
  }
  return undefined;
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0;

const START_LIMIT = 1000;
// biome-ignore lint/suspicious/noControlCharactersInRegex: it has to match what would control a terminal; a tab and a line feed do not
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f]/;

/**
 * Reads an untrusted manifest of a server. Returns a copy with known fields only. Throws `ManifestError` with a sentence for the
 * deployment's log.
 */
export function parseAppManifest(value: unknown): AppManifest {
  if (!isRecord(value) || value.v !== 1 || (value.kind !== 'node' && value.kind !== 'python')) {
    throw new ManifestError('this is not a version 1 manifest of a server');
  }
  const { kind, version, start, port, files, unpacked_bytes, package: packed } = value;
  if (typeof version !== 'string' || !/^\d{1,3}(\.\d{1,3})?$/.test(version)) {
    throw new ManifestError('the manifest has no valid version of its runtime');
  }
  if (typeof start !== 'string' || start.trim() === '' || start.length > START_LIMIT || UNSEEN.test(start)) {
    throw new ManifestError(`the manifest has no start command of at most ${START_LIMIT} printable characters`);
  }
  if (port !== APP_PORT) throw new ManifestError(`the manifest has another port than ${APP_PORT}`);
  if (!isCount(files) || !isCount(unpacked_bytes)) throw new ManifestError('the manifest has no valid sizes');
  if (!isRecord(packed) || typeof packed.sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(packed.sha256)) {
    throw new ManifestError('the manifest names no package');
  }
  const { sha256, bytes } = packed;
  if (!isCount(bytes)) throw new ManifestError('the package has no valid size');
  const manifest = { v: 1, kind, version, start, port, files, unpacked_bytes, package: { sha256, bytes } } as const;
  const problem = packageSizeProblem(manifest);
  if (problem !== undefined) throw new ManifestError(problem);
  return manifest;
}

/** Reads an untrusted manifest of either kind. Throws `ManifestError`. */
export const parseArtifactManifest = (value: unknown): ArtifactManifest =>
  isRecord(value) && (value.kind === 'node' || value.kind === 'python')
    ? parseAppManifest(value)
    : parseManifest(value);

/** Every distinct blob that an artifact needs, in a stable order. */
export const blobsOfArtifact = (manifest: ArtifactManifest): { sha256: string; bytes: number }[] =>
  manifest.kind === 'static' ? blobsOf(manifest) : [{ ...manifest.package }];

/**
 * The environment of a server besides its user's variables. It is started by `sh -c {start}` in the folder where its package was
 * unpacked, with the programs of its runtime (in `programs`) and of its dependencies on the PATH.
 */
export function serverEnvironment(
  { kind, port }: { readonly kind: AppManifest['kind']; readonly port: number },
  { folder, programs }: { readonly folder: string; readonly programs: string },
): Readonly<Record<string, string>> {
  const own = kind === 'node' ? `${folder}/node_modules/.bin` : `${folder}/python_deps/bin`;
  return {
    PATH: [programs, own, '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
    PORT: String(port),
    HOST: '0.0.0.0',
    ...(kind === 'node'
      ? { NODE_ENV: 'production' }
      : // Output has to reach the log without buffering, and the folder may be read-only.
        { PYTHONPATH: `${folder}/python_deps`, PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1' }),
  };
}
