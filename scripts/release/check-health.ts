import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { text } from 'node:stream/consumers';

const LIMIT_MS = 30_000;

/** Names under `localhost` are this machine (RFC 6761), but not every resolver knows. */
const lookUpHere: LookupFunction = (_, options, answer) =>
  options.all ? answer(null, [{ address: '127.0.0.1', family: 4 }]) : answer(null, '127.0.0.1', 4);

/** Throws, with what came instead, unless the function behind this origin answers `/health/live` with 200. */
export async function checkHealth(origin: string): Promise<void> {
  const url = new URL('/health/live', origin);
  const { get } = url.protocol === 'https:' ? https : http;
  const here = url.hostname.endsWith('.localhost') ? { lookup: lookUpHere } : {};
  const { status, body } = await new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const request = get(url, { ...here, agent: false, signal: AbortSignal.timeout(LIMIT_MS) }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode, body }), reject);
    });
    request.on('error', reject);
  });
  if (status !== 200) throw new Error(`GET ${url} answered ${status}: ${messageOf(body)}`);
}

/** Function Compute puts the last lines of a function that does not start into the message of its error. */
function messageOf(body: string): string {
  try {
    const { Code: code, Message: message } = JSON.parse(body);
    return typeof message === 'string' ? `${code}, ${message}` : body;
  } catch {
    return body;
  }
}
