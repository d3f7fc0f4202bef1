import { createHash } from 'node:crypto';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import {
  buildShards,
  type EdgeRoute,
  kvKey,
  ROUTE_NAMESPACE,
  serializeRoute,
  shardKey,
  TABLE_NAMESPACE,
} from '@miaobu/shared/contracts/edge-route';
import { blobKey, deploymentPrefix, type ManifestFile, parseManifest } from '@miaobu/shared/contracts/manifest';
import type { RoutingRules } from '@miaobu/shared/contracts/routing-rules';
import { answerVisitor } from '../answer-visitor.ts';

/** The environment for the edge routine's tests: Edge KV, a bucket that answers as OSS does, and a clock. */
export interface SiteFile {
  readonly content: string | Uint8Array;
  readonly type?: string;
  /** Store br and gzip twins too. */
  readonly compressed?: boolean;
}

export interface Deployment {
  readonly hostname?: string;
  readonly slug?: string;
  readonly id?: string;
  readonly spa?: boolean;
  readonly rules?: Partial<RoutingRules>;
  readonly files: Readonly<Record<string, string | SiteFile>>;
}

/** A well-formed id that a reader can tell from others. */
export const deploymentId = (name: string) => `dep_${name.padStart(26, '0')}`;

export const sha256 = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
};

/** All headers the bucket sends with an object, and some it should not: none of them may reach a visitor. */
const HEADERS_OF_THE_BUCKET = {
  server: 'AliyunOSS',
  etag: '"0CC175B9C0F1B6A831C399E269772661"',
  'cache-control': 'max-age=31536000',
  'content-type': 'application/octet-stream',
  'content-disposition': 'attachment',
  'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT',
  'set-cookie': 'bucket=1',
  'x-oss-request-id': '5C3D9778CC1C2AEDF85B',
  'x-oss-object-type': 'Normal',
  'x-oss-server-time': '3',
};

export function imitateEdge() {
  const kv = new Map<string, string>();
  const bucket = new Map<string, Uint8Array>();
  const subRequests: Request[] = [];
  const log: Readonly<Record<string, string | number>>[] = [];
  const reads: string[] = [];
  const edge = {
    kv,
    bucket,
    /** Every sub-request so far, oldest first. */
    subRequests,
    log,
    /** Every KV read so far, as `{namespace}/{key}`. */
    reads,
    /** Milliseconds since 1970, as the routine sees it. */
    clock: Date.UTC(2026, 0, 1),
    /** Replaced by a test to let KV fail. */
    lookup: async (namespace: string, key: string): Promise<string | undefined> => kv.get(`${namespace}/${key}`),
    /** Replaced by a test to let the bucket fail. */
    fetchOrigin: async (request: Request): Promise<Response> => answerFromBucket(request),
    deploy,
    visit,
    /** Makes a fresh isolate: nothing is cached any more. */
    restart,
  };

  function answerFromBucket(request: Request): Response {
    const content = bucket.get(decodeURIComponent(new URL(request.url).pathname.slice(1)));
    if (!content) {
      return new Response('<Error><Code>NoSuchKey</Code></Error>', { status: 404, headers: HEADERS_OF_THE_BUCKET });
    }
    const [, from = '', to = ''] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get('range') ?? '') ?? [];
    const [first, last] = [Number(from), Number(to)];
    // OSS sends the whole object for a range that is not entirely inside it.
    const part = from !== '' && last < content.length ? content.slice(first, last + 1) : undefined;
    const headers = { ...HEADERS_OF_THE_BUCKET, 'content-length': String((part ?? content).length) };
    return part
      ? new Response(part, {
          status: 206,
          headers: { ...headers, 'content-range': `bytes ${first}-${last}/${content.length}` },
        })
      : new Response(new Uint8Array(content), { headers });
  }

  function store(slug: string, content: string | Uint8Array): { sha256: string; bytes: number } {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    const hash = sha256(bytes);
    bucket.set(blobKey(slug, hash), bytes);
    return { sha256: hash, bytes: bytes.length };
  }

  function describe(slug: string, path: string, file: SiteFile): ManifestFile {
    const type = file.type ?? TYPES[path.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
    const described = { path, ...store(slug, file.content), type };
    if (!file.compressed) return described;
    const [br, gzip] = [brotliCompressSync(file.content), gzipSync(file.content)];
    return { ...described, encodings: { br: store(slug, br), gzip: store(slug, gzip) } };
  }

  /** Stores a deployment as `deploy` does (blobs, then routing table, then route) and returns its route. */
  function deploy(deployment: Deployment): EdgeRoute {
    const {
      hostname = 'blog.sites.example',
      slug = 'blog',
      id = deploymentId('one'),
      spa = false,
      rules,
      files,
    } = deployment;
    const described = Object.entries(files).map(([path, file]) =>
      describe(slug, path, typeof file === 'string' ? { content: file } : file),
    );
    const all = rules && { redirects: [], headers: [], ...rules };
    const shards = buildShards(parseManifest({ v: 1, kind: 'static', spa, files: described, rules: all }));
    for (const [n, shard] of shards.entries()) kv.set(`${TABLE_NAMESPACE}/${shardKey(id, n)}`, shard);
    const route: EdgeRoute = {
      v: 1,
      type: 'static',
      oss_path: deploymentPrefix(slug, id),
      project_slug: slug,
      deployment_id: id,
      commit_sha: 'c0ffee'.padEnd(40, '0'),
      updated_at: '2026-01-01T00:00:00Z',
      gen: 1,
      spa,
      shards: shards.length,
    };
    kv.set(`${ROUTE_NAMESPACE}/${kvKey(hostname)}`, serializeRoute(route));
    return route;
  }

  const newIsolate = () =>
    answerVisitor({
      lookup: (namespace, key) => {
        reads.push(`${namespace}/${key}`);
        return edge.lookup(namespace, key);
      },
      fetchOrigin: (request) => {
        subRequests.push(request);
        return edge.fetchOrigin(request);
      },
      now: () => edge.clock,
      log: (entry) => log.push(entry),
    });
  let answer = newIsolate();

  function restart(): void {
    answer = newIsolate();
  }

  /** Visits a path of `blog.sites.example` over http, or any whole URL. Methods that `Request` refuses work too. */
  function visit(
    pathOrUrl: string,
    init: { method?: string; headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const url = pathOrUrl.startsWith('/') ? `http://blog.sites.example${pathOrUrl}` : pathOrUrl;
    const request = new Request(url, { headers: init.headers ?? {} });
    return answer(Object.defineProperty(request, 'method', { value: init.method ?? 'GET' }));
  }

  return edge;
}

export const A_BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
