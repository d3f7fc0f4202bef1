import { createHash, createHmac, randomUUID } from 'node:crypto';

export interface Acs3Credentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken?: string;
}

export interface Acs3Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Host and port of the endpoint, as in the `Host` header. */
  readonly host: string;
  /** Percent-encoded path. */
  readonly path: string;
  readonly action: string;
  readonly version: string;
  readonly body: string;
  readonly contentType: string;
  /** For tests against the official signer. */
  readonly now?: Date;
  readonly nonce?: string;
}

const hex = (text: string) => createHash('sha256').update(text).digest('hex');

/**
 * Headers of a signed ROA call without query (ACS3-HMAC-SHA256; Alibaba Cloud, "V3 request body & signature mechanism"). For web
 * functions, which should not load a vendor SDK of a megabyte to ring a doorbell. `host` is signed but not returned: HTTP clients set it
 * themselves.
 */
export function acs3Headers(request: Acs3Request, credentials: Acs3Credentials): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': request.contentType,
    host: request.host,
    'x-acs-action': request.action,
    'x-acs-content-sha256': hex(request.body),
    'x-acs-date': (request.now ?? new Date()).toISOString().replace(/\.\d{3}Z$/, 'Z'),
    'x-acs-signature-nonce': request.nonce ?? randomUUID(),
    'x-acs-version': request.version,
  };
  if (credentials.securityToken !== undefined) {
    headers['x-acs-accesskey-id'] = credentials.accessKeyId;
    headers['x-acs-security-token'] = credentials.securityToken;
  }
  const names = Object.keys(headers).sort();
  const canonical = [
    request.method,
    request.path,
    '',
    names.map((name) => `${name}:${headers[name]?.trim()}\n`).join(''),
    names.join(';'),
    headers['x-acs-content-sha256'],
  ].join('\n');
  const signature = createHmac('sha256', credentials.accessKeySecret)
    .update(`ACS3-HMAC-SHA256\n${hex(canonical)}`)
    .digest('hex');
  const { host: _, ...sent } = headers;
  return {
    ...sent,
    authorization: `ACS3-HMAC-SHA256 Credential=${credentials.accessKeyId},SignedHeaders=${names.join(';')},Signature=${signature}`,
  };
}
