import type { GithubUser } from './github-users.ts';

/** What a REST operation answers. `json` undefined and no `body` is an empty answer. */
export interface Answer {
  readonly status: number;
  readonly json?: unknown;
  readonly body?: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One authenticated REST request. */
export interface Call {
  readonly user: GithubUser;
  readonly query: URLSearchParams;
  readonly accept: string;
  /** The body as JSON; undefined when there is none. */
  readonly body: unknown;
  /** Named parts of the path, decoded. Throws when the route has no such part. */
  param(name: string): string;
}

/** An answer that is an error, in GitHub's shape `{message, documentation_url}`. */
export class GithubError extends Error {
  readonly status: number;
  readonly errors: readonly unknown[] | undefined;
  constructor(status: number, message: string, errors?: readonly unknown[]) {
    super(message);
    this.status = status;
    this.errors = errors;
  }
}

export const notFound = () => new GithubError(404, 'Not Found');

export const errorJson = (error: GithubError) => ({
  message: error.message,
  ...(error.errors ? { errors: error.errors } : {}),
  documentation_url: 'https://docs.github.com/rest',
  status: String(error.status),
});

export interface Page {
  readonly size: number;
  readonly number: number;
}

/** `per_page` (30, at most 100) and `page` (from 1), as every list of the REST API takes them. */
export function readPage(query: URLSearchParams): Page {
  const read = (name: string, otherwise: number) => {
    const value = Number.parseInt(query.get(name) ?? '', 10);
    return Number.isFinite(value) && value > 0 ? value : otherwise;
  };
  return { size: Math.min(read('per_page', 30), 100), number: read('page', 1) };
}

/** The `Link` header of page `page` of a list of `total`, or none when everything fits on one page. */
export function pageLinks(address: string, query: URLSearchParams, page: Page, total: number): Record<string, string> {
  const last = Math.max(1, Math.ceil(total / page.size));
  const link = (number: number, relation: string) => {
    const target = new URLSearchParams(query);
    target.set('page', String(number));
    return `<${address}?${target}>; rel="${relation}"`;
  };
  const links = [
    ...(page.number > 1 ? [link(page.number - 1, 'prev')] : []),
    ...(page.number < last ? [link(page.number + 1, 'next'), link(last, 'last')] : []),
    ...(page.number > 1 ? [link(1, 'first')] : []),
  ];
  return links.length > 0 ? { link: links.join(', ') } : {};
}
