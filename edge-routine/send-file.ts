import type { EdgeRoute } from '@miaobu/shared/contracts/edge-route';
import { blobKey, type ManifestFile } from '@miaobu/shared/contracts/manifest';
import { type ByteRange, byteRange } from './byte-range.ts';
import { cachePolicy, REVALIDATE } from './cache-policy.ts';
import { chooseEncoding } from './choose-encoding.ts';
import type { EdgeDeps } from './edge-deps.ts';
import { entityTag, namesTag } from './entity-tag.ts';
import { fetchBlob } from './fetch-blob.ts';
import { noticePage } from './notice-page.ts';
import { addRuleHeaders } from './rule-headers-for.ts';

export interface FileToSend {
  readonly file: ManifestFile;
  readonly route: EdgeRoute;
  /** 404 for the site's own page for unknown paths: it has no validator and no ranges. */
  readonly status: 200 | 404;
  /** Whether another Accept header would have got another file. */
  readonly negotiatedByAccept: boolean;
  /** Whether it is the file at the visitor's address itself, and not shown there in place of another. */
  readonly isOwnFile: boolean;
  /** What the site's own rules add, by name in lower case. */
  readonly ruleHeaders?: ReadonlyMap<string, string> | undefined;
}

/** The range to send: a Range header applies to GET only, and only while If-Range still names this file. */
function wantedRange(request: Request, tag: string, bytes: number): ByteRange | 'unsatisfiable' | undefined {
  if (request.method !== 'GET') return undefined;
  const condition = request.headers.get('if-range');
  return condition === null || condition === tag ? byteRange(request.headers.get('range'), bytes) : undefined;
}

/**
 * Answers with a file of the site at `siteUrl` (no trailing slash): conditions (RFC 9110 §13), encoding, range, and the
 * headers of the manifest. The bucket's own headers are not passed on. HEAD and 304 are answered from the routing
 * table, without the bucket.
 */
export async function sendFile(
  { fetchOrigin, log }: Pick<EdgeDeps, 'fetchOrigin' | 'log'>,
  request: Request,
  siteUrl: string,
  { file, route, status, negotiatedByAccept, isOwnFile, ruleHeaders = new Map() }: FileToSend,
): Promise<Response> {
  const { method } = request;
  const encoding = chooseEncoding(request.headers.get('accept-encoding'), file.encodings);
  const blob = (encoding !== 'identity' && file.encodings?.[encoding]) || file;
  const tag = entityTag(file.sha256, encoding);

  const headers = new Headers({ 'cache-control': status === 200 ? cachePolicy(file.path, file.type) : REVALIDATE });
  if (file.encodings) headers.append('vary', 'Accept-Encoding');
  if (negotiatedByAccept) headers.append('vary', 'Accept');
  addRuleHeaders(headers, ruleHeaders, { isOwnFile });

  if (status === 200) {
    const ifMatch = request.headers.get('if-match');
    if (ifMatch !== null && !namesTag(ifMatch, tag, 'strong')) return noticePage('preconditionFailed', method);
    headers.set('etag', tag);
    const ifNoneMatch = request.headers.get('if-none-match');
    if (ifNoneMatch !== null && namesTag(ifNoneMatch, tag, 'weak')) return new Response(null, { status: 304, headers });
    headers.set('accept-ranges', 'bytes');
  }
  const range = status === 200 ? wantedRange(request, tag, blob.bytes) : undefined;
  if (range === 'unsatisfiable') {
    return noticePage('rangeNotSatisfiable', method, { 'content-range': `bytes */${blob.bytes}` });
  }

  headers.set('content-type', (isOwnFile && ruleHeaders.get('content-type')) || file.type);
  headers.set('content-length', String(blob.bytes));
  if (encoding !== 'identity') headers.set('content-encoding', encoding);
  if (method === 'HEAD') return new Response(null, { status, headers });

  const key = blobKey(route.project_slug, blob.sha256);
  const answer = await fetchBlob(fetchOrigin, { url: `${siteUrl}/${key}`, bytes: blob.bytes }, range);
  if (answer.kind === 'unreadable') {
    log({ event: 'blob_unreadable', deployment_id: route.deployment_id, key, reason: answer.reason });
    if (status === 404) return noticePage('notFound', method);
    return answer.busy ? noticePage('unavailable', method, { 'retry-after': '1' }) : noticePage('badOrigin', method);
  }
  const { part, body } = answer;
  if (!part) return new Response(body, { status, headers });
  headers.set('content-range', `bytes ${part.first}-${part.last}/${blob.bytes}`);
  headers.set('content-length', String(part.last - part.first + 1));
  return new Response(body, { status: 206, headers });
}
