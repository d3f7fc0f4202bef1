import type * as z from 'zod';
import { AppError } from '../../kernel/app-error.ts';
import { readRetryAfter } from '../../kernel/read-retry-after.ts';

export interface GithubRequestConfig {
  /** `https://api.github.com`, or `https://{host}/api/v3` of a GitHub Enterprise Server. */
  readonly apiUrl: string;
  /** An HTTP proxy for all calls. */
  readonly proxyUrl?: string | undefined;
  /** For one call including its whole response. Default 15 seconds. */
  readonly timeoutMs?: number;
}

/** The caller: a user, by a token, or an application, by its id and secret (`id:secret`). */
type GithubCaller = { readonly token: string } | { readonly application: string };

export type GithubCall = GithubCaller & {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Relative to the API's address, with its query: `/user/repos?page=2`. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly accept?: string;
  /** An ETag: while it is current, the response is 304 and empty. */
  readonly ifNoneMatch?: string;
  /** Statuses above 299 that are returned instead of thrown. */
  readonly expect?: readonly number[];
  /** Of the response; default 32 MiB. */
  readonly limitBytes?: number;
};

export interface GithubAnswer {
  readonly status: number;
  header(name: string): string | undefined;
  /** Undefined when it is longer than `limitBytes`. */
  readonly body: Buffer | undefined;
}

export type GithubRequest = (call: GithubCall) => Promise<GithubAnswer>;

const ANSWER_LIMIT_BYTES = 32 * 1024 * 1024;
/** GitHub asks for at least a minute after a secondary limit that names no time. */
const MIN_RETRY_SECONDS = 60;
const MAX_REDIRECTS = 3;

type Fetched = Pick<Response, 'status'> & {
  readonly headers: { get(name: string): string | null };
  readonly body: { getReader(): ReadableStreamDefaultReader<Uint8Array> } | null;
};
interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly redirect: 'manual';
  readonly signal: AbortSignal;
  readonly body?: string;
}
type Fetch = (url: string, init: FetchInit) => Promise<Fetched>;

/** One HTTP request to GitHub with its whole response. Throws `code_host_unavailable` when there is none in time. */
export type GithubExchange = (
  url: string,
  request: {
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string | undefined;
    readonly limitBytes?: number | undefined;
  },
) => Promise<GithubAnswer>;

/** Redirects are not followed, statuses not interpreted. */
export function githubExchange(config: Omit<GithubRequestConfig, 'apiUrl'>): GithubExchange {
  let fetching: Promise<Fetch> | undefined;
  return async (url, { method, headers, body, limitBytes = ANSWER_LIMIT_BYTES }) => {
    fetching ??= fetchThrough(config.proxyUrl);
    try {
      const answer = await (await fetching)(url, {
        method,
        redirect: 'manual',
        signal: AbortSignal.timeout(config.timeoutMs ?? 15_000),
        headers: { 'user-agent': 'miaobu', ...headers },
        ...(body === undefined ? {} : { body }),
      });
      return {
        status: answer.status,
        header: (name) => answer.headers.get(name) ?? undefined,
        body: await readLimited(answer, limitBytes),
      };
    } catch (cause) {
      const message = `GitHub did not answer ${method} ${new URL(url).pathname}`;
      throw new AppError('code_host_unavailable', { cause, message });
    }
  };
}

/**
 * One call of GitHub's REST API: authentication, timeout, redirects within the API (renamed repositories), and mapping of GitHub's errors
 * to ours (see `CodeHost`). 404 throws `repository_not_found` unless it is expected.
 */
export function githubRequest(config: GithubRequestConfig): GithubRequest {
  const apiUrl = config.apiUrl.replace(/\/+$/, '');
  const exchange = githubExchange(config);

  const send = (url: string, call: GithubCall): Promise<GithubAnswer> =>
    exchange(url, {
      method: call.method ?? 'GET',
      headers: {
        accept: call.accept ?? 'application/vnd.github+json',
        authorization: 'token' in call ? `Bearer ${call.token}` : `Basic ${base64(call.application)}`,
        'x-github-api-version': '2022-11-28',
        ...(call.ifNoneMatch === undefined ? {} : { 'if-none-match': call.ifNoneMatch }),
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: call.body === undefined ? undefined : JSON.stringify(call.body),
      limitBytes: call.limitBytes,
    });

  return async (call) => {
    let url = `${apiUrl}${call.path}`;
    for (let hop = 0; ; hop++) {
      const answer = await send(url, call);
      const location = answer.status >= 300 && answer.status < 400 ? answer.header('location') : undefined;
      // The token is sent to the API and nowhere else.
      const within = location !== undefined && new URL(location, url).href.startsWith(`${apiUrl}/`);
      if (!within || hop === MAX_REDIRECTS) return accepted(answer, call);
      url = new URL(location, url).href;
    }
  };
}

/**
 * Parses the JSON of a response. Throws `code_host_unavailable` when it is no JSON (it was cut off, or comes from a proxy), and
 * `vendor_rejected` when it is not what GitHub documents.
 */
export function readGithubJson<Schema extends z.ZodType>(schema: Schema, answer: GithubAnswer): z.output<Schema> {
  const json = parseJson(answer.body);
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  if (json === undefined && answer.body !== undefined) {
    throw new AppError('code_host_unavailable', { message: 'GitHub answered something that is no JSON' });
  }
  throw new AppError('vendor_rejected', { cause: parsed.error, message: 'GitHub answered in an unknown form' });
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

async function fetchThrough(proxyUrl: string | undefined): Promise<Fetch> {
  if (proxyUrl === undefined) return fetch;
  const { fetch: proxiedFetch, ProxyAgent } = await import('undici');
  const dispatcher = new ProxyAgent(proxyUrl);
  return (url, init) => proxiedFetch(url, { ...init, dispatcher });
}

async function readLimited(answer: Fetched, limitBytes: number): Promise<Buffer | undefined> {
  const reader = answer.body?.getReader();
  const chunks: Uint8Array[] = [];
  for (let size = 0; reader; ) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > limitBytes) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(value);
  }
  return Buffer.concat(chunks);
}

function accepted(answer: GithubAnswer, call: GithubCall): GithubAnswer {
  const { status } = answer;
  if ((status >= 200 && status < 300) || call.expect?.includes(status)) return answer;
  const reason = reasonOf(answer);
  const message = `GitHub answered ${status} to ${describe(call)}: ${reason}`;
  const details = { status };
  const isLimit =
    status === 429 ||
    (status === 403 &&
      (answer.header('x-ratelimit-remaining') === '0' ||
        answer.header('retry-after') !== undefined ||
        /rate limit/i.test(reason)));
  if (isLimit) {
    throw new AppError('code_host_throttled', { message, details: { retryAfterSeconds: retryAfterSeconds(answer) } });
  }
  if (status >= 500)
    throw new AppError('code_host_unavailable', { message, details: { status, ...statedWait(answer) } });
  if (status === 401 || status === 403) throw new AppError('code_host_unauthorized', { message, details });
  if (status === 404) throw new AppError('repository_not_found', { message });
  throw new AppError('vendor_rejected', { message, details });
}

/** What an answer that is no rate limit says about the next try. */
export function statedWait(answer: GithubAnswer): { readonly retryAfterSeconds?: number } {
  const retryAfterSeconds = readRetryAfter(answer.header('retry-after'), Date.now());
  return retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
}

/** How long a rate limit asks to wait, at least a minute. */
export function retryAfterSeconds(answer: GithubAnswer): number {
  const stated = readRetryAfter(answer.header('retry-after'), Date.now()) ?? 0;
  const exhausted = answer.header('x-ratelimit-remaining') === '0';
  const untilReset = exhausted ? Number(answer.header('x-ratelimit-reset')) - Date.now() / 1000 : 0;
  return Math.max(MIN_RETRY_SECONDS, stated, Math.ceil(untilReset || 0));
}

const describe = ({ method = 'GET', path }: GithubCall) => `${method} ${path.split('?')[0]}`;

function reasonOf(answer: GithubAnswer): string {
  const json = parseJson(answer.body);
  const message = typeof json === 'object' && json !== null && 'message' in json ? json.message : undefined;
  return typeof message === 'string' ? message.slice(0, 500) : 'no reason given';
}

function parseJson(body: Buffer | undefined): unknown {
  try {
    return JSON.parse(String(body)) as unknown;
  } catch {
    return undefined;
  }
}
