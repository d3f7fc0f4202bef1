import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type BuildInputs,
  type BuildJob,
  type BuildReport,
  buildReport,
  logChunk,
  manifestUploadRequest,
  redeemRequest,
  type UploadJob,
  uploadRequest,
} from '@miaobu/shared/contracts/build-job';
import { type Manifest, parseManifest } from '@miaobu/shared/contracts/manifest';

/** A request as a test sees it before it is answered. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

type Answer = { readonly status: number; readonly json?: unknown; readonly location?: string; readonly body?: Buffer };

type Intercepted = Answer | 'hang up' | undefined;

const sha256Of = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const refusal = (status: number, code: string): Answer => ({
  status,
  json: { error: { code, message: `refused: ${code}` }, request_id: 'req_test' },
});
const ok = (data: unknown): Answer => ({ status: 200, json: { data } });

const DEFAULT_SETTINGS: BuildJob['settings'] = {
  root_directory: '',
  install_command: null,
  build_command: null,
  output_directory: null,
  start_command: null,
  runtime: null,
  node_version: null,
  spa: null,
};

/**
 * The builder's protocol, on a real port: `build-callback`, the code host and the object store in one. The store takes a
 * PUT only with exactly the headers and length it was signed for, with the content of the announced digests, and never overwrites.
 */
export async function startTestPlatform({
  archive,
  settings = {},
  environment = {},
  plainVariables = [],
  limits = {},
  present = [],
  cacheScope = '',
  bucket,
  intercept,
}: {
  /** The commit's tar.gz; without one the deployment is an uploaded folder. */
  archive?: Buffer;
  settings?: Partial<BuildJob['settings']>;
  environment?: Record<string, string>;
  /** Those that are not secret. */
  plainVariables?: string[];
  limits?: Partial<BuildJob['limits']>;
  /** Contents the project already has. */
  present?: readonly (string | Buffer)[];
  cacheScope?: string;
  /** What the store already holds unverified: contents by digest, as an earlier attempt left them. */
  bucket?: ReadonlyMap<string, Buffer>;
  /** Answers instead of the platform when it returns something; may also hang up. */
  intercept?: (request: SeenRequest) => Intercepted | Promise<Intercepted>;
}) {
  const secrets = {
    ticket: `tkt_${randomBytes(24).toString('base64url')}`,
    jobToken: `mb_cb_${randomBytes(24).toString('base64url')}`,
    publicationToken: `mb_pub_${randomBytes(24).toString('base64url')}`,
    sourceSignature: randomBytes(24).toString('base64url'),
  };
  const requests: SeenRequest[] = [];
  const reports: BuildReport[] = [];
  const chunks: string[] = [];
  const objects = new Map(bucket);
  const stored: string[] = [];
  const signed = new Map<string, { bytes: number; sha256: string; headers: Record<string, string> }>();
  const known = new Set(
    present.map((content) => sha256Of(typeof content === 'string' ? Buffer.from(content) : content)),
  );
  const attempt = '/builds/v1/dep_test/attempts/1';
  let redeemer: string | undefined;
  let manifest: Manifest | undefined;
  let url = '';

  function sign(sha256: string, bytes: number, md5?: string) {
    const headers = {
      'content-type': 'application/octet-stream',
      ...(md5 === undefined ? {} : { 'content-md5': md5 }),
      'x-oss-forbid-overwrite': 'true',
    };
    const path = `/store/${sha256}?signature=${randomBytes(9).toString('hex')}`;
    signed.set(path, { bytes, sha256, headers });
    return { url: url + path, headers };
  }

  function store({ path, headers, body }: SeenRequest): Answer {
    const place = signed.get(path);
    if (!place) return refusal(403, 'forbidden');
    const { host: _host, connection: _connection, 'content-length': length, ...rest } = headers;
    if (JSON.stringify(rest) !== JSON.stringify(place.headers)) return refusal(403, 'forbidden');
    if (length !== String(place.bytes) || body.length !== place.bytes) return refusal(400, 'invalid_request');
    const md5 = headers['content-md5'];
    if (md5 !== undefined && md5 !== createHash('md5').update(body).digest('base64')) {
      return { status: 400, body: Buffer.from('<Error><Code>InvalidDigest</Code></Error>') };
    }
    if (sha256Of(body) !== place.sha256) return refusal(400, 'invalid_request');
    if (objects.has(place.sha256)) return { status: 409 };
    objects.set(place.sha256, body);
    stored.push(place.sha256);
    return { status: 200 };
  }

  function answer(request: SeenRequest): Answer {
    const { method, path, headers, body } = request;
    const source = `source.tar.gz?signature=${secrets.sourceSignature}`;
    if (method === 'GET' && path === `/${source}`) return { status: 302, location: `/download/${source}` };
    if (method === 'GET' && path === `/download/${source}`)
      return archive ? { status: 200, body: archive } : refusal(404, 'not_found');
    if (method === 'PUT' && path.startsWith('/store/')) return store(request);

    if (method === 'GET') return refusal(404, 'not_found');
    const json: unknown = JSON.parse(body.toString());
    if (path === `${attempt}/redeem`) {
      const asked = redeemRequest.parse(json);
      if (asked.ticket !== secrets.ticket) return refusal(401, 'unauthorized');
      if (redeemer !== undefined && redeemer !== asked.redeemer) return refusal(409, 'ticket_already_redeemed');
      redeemer = asked.redeemer;
      const common = {
        deployment_id: 'dep_test',
        attempt: 1,
        request_id: 'req_of_this_deployment',
        project_slug: 'site',
        token: secrets.jobToken,
      };
      const { spa = null } = settings;
      if (!archive) return ok({ ...common, spa, limits: { log_bytes: 1024 * 1024 } } satisfies UploadJob);
      return ok({
        ...common,
        repository: 'acme/site',
        branch: 'main',
        commit_sha: '0123456789abcdef0123456789abcdef01234567',
        source_url: `${url}/source.tar.gz?signature=${secrets.sourceSignature}`,
        settings: { ...DEFAULT_SETTINGS, ...settings },
        environment,
        plain_variables: plainVariables,
        limits: { build_seconds: 60, log_bytes: 1024 * 1024, ...limits },
        cache_key: createHash('sha256').update(`key of ${cacheScope}`).digest('hex'),
      } satisfies BuildJob);
    }
    if (headers['x-request-id'] !== 'req_of_this_deployment') return refusal(422, 'invalid_request');

    const publishing = path === `${attempt}/uploads` || path === `${attempt}/manifest`;
    const token = publishing ? secrets.publicationToken : secrets.jobToken;
    if (headers.authorization !== `Bearer ${token}`) return refusal(401, 'unauthorized');
    const [, number] = /\/logs\/(\d+)$/.exec(path) ?? [];
    if (method === 'PUT' && number !== undefined) {
      chunks[Number(number)] = logChunk.parse(json).text;
      return ok({});
    }
    switch (path) {
      case `${attempt}/reports`:
        reports.push(buildReport.parse(json));
        return ok({ ignored: false, stop: false });
      case `${attempt}/publication`:
        return ok({ token: secrets.publicationToken, expires_at: new Date(Date.now() + 60_000).toISOString() });
      case `${attempt}/uploads`: {
        const missing = uploadRequest.parse(json).blobs.filter((it) => !known.has(it.sha256));
        return ok({ uploads: missing.map((it) => ({ sha256: it.sha256, ...sign(it.sha256, it.bytes, it.md5) })) });
      }
      case `${attempt}/manifest`: {
        const { sha256, bytes } = manifestUploadRequest.parse(json);
        return ok(sign(sha256, bytes));
      }
      default:
        return refusal(404, 'not_found');
    }
  }

  const server = createServer(async (incoming, outgoing) => {
    const body = Buffer.concat(await incoming.toArray());
    const request = { method: incoming.method ?? '', path: incoming.url ?? '', headers: incoming.headers, body };
    requests.push(request);
    let given: Intercepted;
    try {
      given = (await intercept?.(request)) ?? answer(request);
    } catch (error) {
      console.error(error);
      given = refusal(500, 'internal');
    }
    if (given === 'hang up') return void incoming.socket.destroy();
    const { status, json, location, body: bytes } = given;
    outgoing.writeHead(status, location === undefined ? {} : { location });
    outgoing.end(json === undefined ? bytes : JSON.stringify(json));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const inputs: BuildInputs = {
    deployment_id: 'dep_test',
    attempt: 1,
    ticket: secrets.ticket,
    callback_url: url,
    cache_scope: cacheScope,
  };

  return {
    inputs,
    secrets,
    requests,
    reports,
    /** Contents by digest, as they arrived in the store. */
    objects,
    /** Digests of what was stored here, in order. */
    stored,
    log: () => chunks.join(''),
    chunks,
    /** The manifest that the report `uploaded` names, as the platform would read it. */
    manifest(): Manifest {
      const last = reports.at(-1);
      const bytes = last?.kind === 'uploaded' ? objects.get(last.manifest_sha256) : undefined;
      if (!bytes) throw new Error(`no manifest was published; the log says:\n${chunks.join('')}`);
      manifest = parseManifest(JSON.parse(bytes.toString()));
      return manifest;
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export type TestPlatform = Awaited<ReturnType<typeof startTestPlatform>>;
