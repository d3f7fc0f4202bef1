/**
 * The builder's protocol: every request of a build runner to `build-callback`, under `/builds/v1`.
 *
 * 1. `POST /builds/v1/{deployment}/attempts/{n}/redeem` with the ticket from the workflow's input → `BuildJob`. Once per
 *    attempt: the first run wins. The uploader of a prebuilt folder has its ticket from the API and gets an `UploadJob`:
 *    there is nothing to fetch or to run, so it continues with step 3.
 * 2. With `Authorization: Bearer {job.token}` (logs and status of this attempt, nothing else):
 *    `PUT  /builds/v1/{deployment}/attempts/{n}/logs/{chunk}`: `LogChunk`, idempotent by number, from 0
 *    `POST /builds/v1/{deployment}/attempts/{n}/reports`: `BuildReport`, idempotent by `seq`, from 1
 * 3. When every process of the user's build is gone: `POST /builds/v1/{deployment}/attempts/{n}/publication` → `Publication`.
 *    With `Authorization: Bearer {publication.token}`:
 *    `POST /builds/v1/{deployment}/attempts/{n}/uploads`: `UploadRequest` → URLs for the blobs that are missing
 *    `POST /builds/v1/{deployment}/attempts/{n}/manifest`: `ManifestUploadRequest` → the URL for the manifest, uploaded last,
 *    followed by the report `uploaded`.
 *
 * Responses are `{ data }`, errors `{ error: { code, message, details? }, request_id }`. A runner retries 5xx responses and
 * connection errors for at least 60 seconds, 408 and 429 after the time in `Retry-After`, and no other 4xx.
 */
import * as z from 'zod';

export const BUILD_PROTOCOL_PATH = '/builds/v1';
/** One log chunk's text, in UTF-8. */
export const LOG_CHUNK_LIMIT_BYTES = 256 * 1024;
/** The log of one attempt; the rest is cut off with a note. */
export const LOG_LIMIT_BYTES = 10 * 1024 * 1024;
/** The most blobs that one `uploads` request may list. */
export const UPLOAD_BATCH = 1000;
/** How often a runner reports `heartbeat` if it reports nothing else; the response tells it of a cancellation, within 5 s. */
export const HEARTBEAT_SECONDS = 2;

/**
 * Variables of its own environment that a runner passes on to builds, in upper or lower case: where packages come from (a mirror near
 * the runner), and network proxies.
 */
export const PASSED_TO_BUILDS = [
  ...['npm_config_registry', 'PIP_INDEX_URL', 'PIP_EXTRA_INDEX_URL', 'PIP_TRUSTED_HOST', 'PIP_CONFIG_FILE'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'SSL_CERT_FILE'],
] as const;

/** It becomes the name of a folder. */
const CACHE_SCOPE = /^[a-z0-9_]{0,64}$/;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** Base64, as in the header `Content-MD5`. If it is given, the upload URL requires this header, and OSS compares the content with it. */
const md5 = z.string().regex(/^[A-Za-z0-9+/]{21}[AQgw]==$/);

/** What the workflow is started with. Locally one JSON line on stdin; on GitHub Actions the inputs of `workflow_dispatch`. */
export const buildInputs = z.strictObject({
  deployment_id: z.string(),
  attempt: z.coerce.number().int().positive(),
  ticket: z.string().min(20),
  /** Origin of the control plane, e.g. `https://api.example.com`. */
  callback_url: z.url(),
  /** Builds with the same scope share cached packages: the environment's id. Empty: nothing is cached. */
  cache_scope: z.string().regex(CACHE_SCOPE).default(''),
});
export type BuildInputs = z.output<typeof buildInputs>;

export const redeemRequest = z.strictObject({
  ticket: z.string().min(20).max(200),
  /** Identifies the run: the same redeemer may repeat the request within two minutes (a lost response), another may not. */
  redeemer: z.string().min(1).max(200),
});
export type RedeemRequest = z.output<typeof redeemRequest>;

/** `null` means "detect it". An empty command means "run nothing". */
const buildSettings = z.strictObject({
  root_directory: z.string().max(255),
  install_command: z.string().max(1000).nullable(),
  build_command: z.string().max(1000).nullable(),
  output_directory: z.string().max(255).nullable(),
  // Deployments queued before these two settings existed do not have them.
  start_command: z.string().max(1000).nullable().default(null),
  runtime: z.enum(['static', 'node', 'python']).nullable().default(null),
  node_version: z.string().max(20).nullable(),
  spa: z.boolean().nullable(),
});
export type BuildSettings = z.output<typeof buildSettings>;

export const buildJob = z.strictObject({
  deployment_id: z.string(),
  attempt: z.int().positive(),
  /** Follows this deployment through every log: send it as `x-request-id`. */
  request_id: z.string(),
  project_slug: z.string(),
  repository: z.string(),
  branch: z.string(),
  commit_sha: z.string().regex(/^[0-9a-f]{40}$/),
  /** A tar.gz of that commit with one top folder; valid for some minutes; needs no credential. */
  source_url: z.url(),
  settings: buildSettings,
  /** Variables of build scope. */
  environment: z.record(z.string(), z.string()),
  /** Names of the variables whose values the log may show. */
  plain_variables: z.array(z.string()).default([]),
  limits: z.strictObject({ build_seconds: z.int().positive(), log_bytes: z.int().positive() }),
  /** Encrypts the cache of `cache_scope`: others can read the place where it is stored, and some can write there. */
  cache_key: z.string().min(40),
  /** Logs and status of this attempt, nothing else. */
  token: z.string(),
});
export type BuildJob = z.output<typeof buildJob>;

/** The job of a folder that is uploaded as it is: no source, commands or variables. */
export const uploadJob = z.strictObject({
  deployment_id: z.string(),
  attempt: z.int().positive(),
  request_id: z.string(),
  project_slug: z.string(),
  /** Whether unknown addresses are answered with index.html; `null` means "detect it". */
  spa: z.boolean().nullable(),
  limits: z.strictObject({ log_bytes: z.int().positive() }),
  token: z.string(),
});
export type UploadJob = z.output<typeof uploadJob>;

export const logChunk = z.strictObject({
  at: z.iso.datetime(),
  text: z.string().max(LOG_CHUNK_LIMIT_BYTES),
});
export type LogChunk = z.output<typeof logChunk>;

const seq = z.int().positive();

const buildFailureCodes = [
  'source_unavailable',
  'source_invalid',
  'root_directory_missing',
  'install_failed',
  'build_failed',
  'build_timeout',
  'output_missing',
  'output_empty',
  'output_invalid',
  'upload_failed',
  'cancelled',
  'runner_error',
] as const;
export type BuildFailureCode = (typeof buildFailureCodes)[number];

export const buildReport = z.discriminatedUnion('kind', [
  z.strictObject({ seq, kind: z.literal('building') }),
  z.strictObject({ seq, kind: z.literal('heartbeat') }),
  z.strictObject({
    seq,
    kind: z.literal('failed'),
    code: z.enum(buildFailureCodes),
    /** One or two sentences for the user; the log has the rest. */
    message: z.string().min(1).max(2000),
  }),
  z.strictObject({
    seq,
    kind: z.literal('uploaded'),
    manifest_sha256: sha256,
    manifest_bytes: z.int().positive(),
    /** Seconds spent in the user's own commands. */
    build_seconds: z.number().nonnegative(),
  }),
]);
export type BuildReport = z.output<typeof buildReport>;

export const buildReportAnswer = z.strictObject({
  /** The report was late or repeated, and changed nothing. */
  ignored: z.boolean(),
  /** The attempt is over (cancelled, superseded, timed out): stop everything and exit. */
  stop: z.boolean(),
});
export type BuildReportAnswer = z.output<typeof buildReportAnswer>;

export const publication = z.strictObject({ token: z.string(), expires_at: z.iso.datetime() });
export type Publication = z.output<typeof publication>;

/** A presigned PUT: send exactly these headers and this many bytes. */
const upload = z.strictObject({ url: z.url(), headers: z.record(z.string(), z.string()) });

export const uploadRequest = z.strictObject({
  blobs: z
    .array(z.strictObject({ sha256, bytes: z.int().nonnegative(), md5: md5.optional() }))
    .min(1)
    .max(UPLOAD_BATCH),
});
export type UploadRequest = z.output<typeof uploadRequest>;
/** Blobs that the project already has are left out. */
export const uploadAnswer = z.strictObject({ uploads: z.array(upload.extend({ sha256 })) });
export type UploadAnswer = z.output<typeof uploadAnswer>;

export const manifestUploadRequest = z.strictObject({ sha256, bytes: z.int().positive() });
export type ManifestUploadRequest = z.output<typeof manifestUploadRequest>;
export const manifestUploadAnswer = upload;
export type ManifestUploadAnswer = z.output<typeof manifestUploadAnswer>;
