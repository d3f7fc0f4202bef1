import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from '../wire/emulator.ts';
import { type Answer, type Call, errorJson, GithubError, notFound } from './github-answer.ts';
import type { RateLimits } from './github-rate-limits.ts';
import type { GithubUser, GithubUsers } from './github-users.ts';

export interface GithubRoute {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** `/repos/:owner/:repo/branches/:branch+`: `:x` is one segment, `:x+` the rest with its slashes, `:x*` also none. */
  readonly path: string;
  readonly answer: (call: Call) => Answer | Promise<Answer>;
}

const BODY_LIMIT_BYTES = 1024 * 1024;

/** The REST API: authentication, rate limit, route, conditional requests and errors round the operations in `routes`. */
export function createGithubRestApi(routes: readonly GithubRoute[], users: GithubUsers, rateLimits: RateLimits) {
  const compiled = routes.map((route) => ({ ...route, pattern: compile(route.path) }));

  const answer = async (request: IncomingMessage, user: GithubUser, pathname: string): Promise<Answer> => {
    for (const { method, pattern, answer } of compiled) {
      const match = method === request.method ? pattern.exec(pathname) : null;
      if (!match) continue;
      const parts = match.groups ?? {};
      return answer({
        user,
        query: new URL(request.url ?? '/', 'http://local').searchParams,
        accept: request.headers.accept ?? '',
        body: parseBody(await readBody(request, BODY_LIMIT_BYTES)),
        param: (name) => decode(parts[name] ?? ''),
      });
    }
    throw notFound();
  };

  /** `pathname` is the path below `/api/v3`. */
  return async (request: IncomingMessage, response: ServerResponse, pathname: string): Promise<void> => {
    response.setHeader('x-github-media-type', 'github.v3; format=json');
    const authorization = request.headers.authorization ?? '';
    const token = /^(?:bearer|token) +(\S+)$/i.exec(authorization)?.[1];
    const user = token === undefined ? undefined : users.withToken(token);
    try {
      if (!user) throw new GithubError(401, authorization ? 'Bad credentials' : 'Requires authentication');
      if (rateLimits.spend(user, response)) {
        throw new GithubError(403, `API rate limit exceeded for user ID ${user.id}.`);
      }
      const result = await answer(request, user, pathname);
      write(request, response, result, () => rateLimits.refund(user, response));
    } catch (error) {
      const known = error instanceof RangeError ? new GithubError(413, 'Payload Too Large') : error;
      if (!(known instanceof GithubError)) throw error;
      response.writeHead(known.status, { 'content-type': 'application/json; charset=utf-8' });
      response.end(JSON.stringify(errorJson(known)));
    }
  };
}

function compile(path: string): RegExp {
  const source = path.replace(/\/:(\w+)([+*]?)/g, (_, name: string, repeat: string) => {
    if (repeat === '*') return `(?:/(?<${name}>.*))?`;
    return repeat === '+' ? `/(?<${name}>.+)` : `/(?<${name}>[^/]+)`;
  });
  return new RegExp(`^${source}$`);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new GithubError(400, 'Bad Request');
  }
}

function parseBody(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    throw new GithubError(400, 'Problems parsing JSON');
  }
}

/** Writes the answer; a GET whose `If-None-Match` still holds is answered 304, which costs nothing of the rate limit. */
function write(request: IncomingMessage, response: ServerResponse, answer: Answer, onUnchanged: () => void): void {
  const json = answer.json === undefined ? undefined : Buffer.from(JSON.stringify(answer.json));
  const body = answer.body ?? json;
  const headers: Record<string, string> = { ...answer.headers };
  if (json) headers['content-type'] = 'application/json; charset=utf-8';
  if (request.method === 'GET' && answer.status === 200 && body) {
    const etag = `"${createHash('sha256').update(body).digest('hex')}"`;
    headers.etag = `W/${etag}`;
    headers['cache-control'] = 'private, max-age=60, s-maxage=60';
    const known = (request.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
    if (known.includes(etag)) {
      onUnchanged();
      response.writeHead(304, headers).end();
      return;
    }
  }
  response.writeHead(answer.status, headers).end(body);
}
