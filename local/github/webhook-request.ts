import { createHmac } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';

const TIMEOUT_MS = 10_000;
const KEPT_RESPONSE_BYTES = 25 * 1024;

export interface WebhookRequest {
  readonly url: string;
  readonly contentType: string;
  readonly secret: string | undefined;
  readonly hookId: number;
  readonly repositoryId: number;
  readonly event: string;
  readonly guid: string;
  /** The event as JSON text. */
  readonly payload: string;
}

export interface WebhookOutcome {
  /** `OK`, or a description of what went wrong, as the deliveries API shows it. */
  readonly status: string;
  /** HTTP status, 0 when there was no answer. */
  readonly statusCode: number;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly responseBody: string;
}

/**
 * Sends one event as GitHub does: signed over the exact body, 10 seconds for the whole answer, redirects not followed.
 * Resolves with the outcome, whatever it is; rejects only when `signal` ends the attempt.
 */
export async function sendWebhook(request: WebhookRequest, signal: AbortSignal): Promise<WebhookOutcome> {
  const form = request.contentType === 'form';
  const body = form ? new URLSearchParams({ payload: request.payload }).toString() : request.payload;
  const sign = (algorithm: string, secret: string) =>
    `${algorithm}=${createHmac(algorithm, secret).update(body).digest('hex')}`;
  const requestHeaders: Record<string, string> = {
    accept: '*/*',
    'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json',
    'user-agent': 'GitHub-Hookshot/local',
    'x-github-delivery': request.guid,
    'x-github-event': request.event,
    'x-github-hook-id': String(request.hookId),
    'x-github-hook-installation-target-id': String(request.repositoryId),
    'x-github-hook-installation-target-type': 'repository',
    ...(request.secret
      ? { 'x-hub-signature': sign('sha1', request.secret), 'x-hub-signature-256': sign('sha256', request.secret) }
      : {}),
  };
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const answer = await post(request.url, requestHeaders, body, AbortSignal.any([signal, timeout]));
    const ok = answer.statusCode >= 200 && answer.statusCode < 300;
    return { ...answer, status: ok ? 'OK' : `Invalid HTTP Response: ${answer.statusCode}`, requestHeaders };
  } catch (error) {
    if (signal.aborted) throw error;
    const status = timeout.aborted ? 'timed out' : `failed to connect to host (${describe(error)})`;
    return { status, statusCode: 0, requestHeaders, responseHeaders: {}, responseBody: '' };
  }
}

const describe = (error: unknown) => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code || (error instanceof Error ? error.message : String(error));
};

// Browsers and curl know that every name under `localhost` is this machine (RFC 6761); Node's resolver does not.
const lookup: LookupFunction = (_hostname, options, callback) => {
  if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

function post(target: string, headers: Record<string, string>, body: string, signal: AbortSignal) {
  return new Promise<Pick<WebhookOutcome, 'statusCode' | 'responseHeaders' | 'responseBody'>>((resolve, reject) => {
    const url = new URL(target);
    const isLocal = url.hostname === 'localhost' || url.hostname.endsWith('.localhost');
    const request = (url.protocol === 'https:' ? https : http).request(url, {
      method: 'POST',
      agent: false,
      signal,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      ...(isLocal ? { lookup } : {}),
    });
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => {
        if (size < KEPT_RESPONSE_BYTES) chunks.push(chunk.subarray(0, KEPT_RESPONSE_BYTES - size));
        size += chunk.length;
      });
      response.on('end', () => {
        const headers = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
        resolve({
          statusCode: response.statusCode ?? 0,
          responseHeaders: Object.fromEntries(headers),
          responseBody: Buffer.concat(chunks).toString(),
        });
      });
    });
    request.end(body);
  });
}
