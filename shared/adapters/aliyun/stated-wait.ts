import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { readRetryAfter } from '../../kernel/read-retry-after.ts';

/** Seconds to wait before a retry, as stated by the last response of a call; undefined when it stated none. */
export type StatedWait = () => number | undefined;

interface Call {
  seconds?: number | undefined;
}
const calls = new AsyncLocalStorage<Call>();
let isSubscribed = false;

/**
 * Runs a call of one of Alibaba Cloud's SDKs. Their errors drop the response's headers, so the headers are read from the channel on which
 * Node announces the responses of its HTTP client (nodejs.org, "Diagnostics Channel"), in the asynchronous context of the request.
 */
export function observingWait<Result>(run: (statedWait: StatedWait) => Promise<Result>): Promise<Result> {
  if (!isSubscribed) subscribe('http.client.response.finish', noteWait);
  isSubscribed = true;
  const call: Call = {};
  return calls.run(call, () => run(() => call.seconds));
}

function noteWait(message: unknown): void {
  const call = calls.getStore();
  if (call) call.seconds = waitIn((message as { readonly response: IncomingMessage }).response.headers);
}

function waitIn(headers: IncomingMessage['headers']): number | undefined {
  // In milliseconds: OSS's delay of a throttled request, and what the SDKs of the OpenAPI services read.
  const inMs = [headers['x-oss-qos-delay-time'], headers['x-acs-retry-after']];
  const inSeconds = inMs.map((value) => (value === undefined ? undefined : String(Math.ceil(Number(value) / 1000))));
  const stated = [headers['retry-after'], ...inSeconds].map((value) => readRetryAfter(value, Date.now()) ?? 0);
  return Math.max(...stated) || undefined;
}
