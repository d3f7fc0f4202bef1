/**
 * Which file of a site answers a path.
 *
 * | site has                       | /about            | /about/            | /about.html      | /about/index.html |
 * | ------------------------------ | ----------------- | ------------------ | ---------------- | ----------------- |
 * | about.html                     | about.html        | 308 → /about       | about.html       | not found         |
 * | about/index.html               | 308 → /about/     | about/index.html   | not found        | about/index.html  |
 * | both                           | about.html        | about/index.html   | about.html       | about/index.html  |
 * | about (no extension)           | about             | not found          | not found        | not found         |
 * | none, single-page app          | index.html (200)  | index.html (200)   | not found        | not found         |
 *
 * This is what Netlify and Cloudflare Pages do, without their redirects away from `.html` names: relative links work
 * because a folder's page always has the trailing slash, and every page has an address of its own.
 *
 * "Not found" is the site's own `404.html` with status 404 when it has one. A single-page app answers with its
 * `index.html` only what a browser opens as a page (`Accept: text/html`) and whose last segment has no dot: a script
 * that is gone must be a 404, never HTML.
 */
import type { ManifestFile } from '@miaobu/shared/contracts/manifest';
import { onThisSite } from './fill-in.ts';

export type Choice =
  | {
      readonly kind: 'file';
      readonly file: ManifestFile;
      readonly status: 200 | 404;
      /** Whether another Accept header would have got another answer. */
      readonly negotiatedByAccept: boolean;
      /** Whether it is the file at the visitor's address itself, and not shown there in place of another. */
      readonly isOwnFile: boolean;
    }
  /** The same content is at another form of the address; the query is kept. */
  | { readonly kind: 'moved'; readonly address: string }
  | { readonly kind: 'redirect'; readonly status: 301 | 302 | 303 | 307 | 308; readonly location: string }
  | { readonly kind: 'not-found' };

/** Looks a path up in the routing table. */
export type Find = (path: string) => Promise<ManifestFile | undefined>;

const own = (file: ManifestFile): Choice => ({
  kind: 'file',
  file,
  status: 200,
  negotiatedByAccept: false,
  isOwnFile: true,
});

/** The address of a path, percent-encoded. An empty first segment would make it the address of another server. */
const addressOf = (path: string): string => onThisSite(`/${path.split('/').map(encodeURIComponent).join('/')}`);

export const movedTo = (path: string): Choice => ({ kind: 'moved', address: addressOf(path) });

/** The first path that `chooseOwn` looks up: reading other entries of its shard costs nothing more. */
export const firstCandidate = (path: string) => (path === '' || path.endsWith('/') ? `${path}index.html` : path);

/**
 * What the site has at a path from `decodeSitePath`: the upper part of the table. With `slashIsFixed`, the trailing slash
 * has already been decided, and what is found is sent without another redirect.
 */
export async function chooseOwn(find: Find, path: string, slashIsFixed = false): Promise<Choice | undefined> {
  if (path === '' || path.endsWith('/')) {
    const index = await find(firstCandidate(path));
    if (index) return own(index);
    const name = path.slice(0, -1);
    const page = name === '' ? undefined : await find(`${name}.html`);
    if (page) return slashIsFixed ? own(page) : movedTo(name);
  } else {
    const file = (await find(path)) ?? (await find(`${path}.html`));
    if (file) return own(file);
    const index = await find(`${path}/index.html`);
    if (index) return slashIsFixed ? own(index) : movedTo(`${path}/`);
  }
  return undefined;
}

/** What is shown at a path where the site has nothing: the page of a single-page app, or the site's 404 page. */
export async function chooseInstead(
  find: Find,
  path: string,
  site: { readonly spa: boolean; readonly acceptsHtml: boolean },
): Promise<Choice> {
  const negotiatedByAccept = site.spa && !path.slice(path.lastIndexOf('/') + 1).includes('.');
  const isOwnFile = false;
  if (negotiatedByAccept && site.acceptsHtml) {
    const file = await find('index.html');
    if (file) return { kind: 'file', file, status: 200, negotiatedByAccept, isOwnFile };
  }
  const page = await find('404.html');
  return page ? { kind: 'file', file: page, status: 404, negotiatedByAccept, isOwnFile } : { kind: 'not-found' };
}

/** The answer of a site without rules of its own. */
export const chooseFile = async (
  find: Find,
  path: string,
  site: { readonly spa: boolean; readonly acceptsHtml: boolean },
): Promise<Choice> => (await chooseOwn(find, path)) ?? (await chooseInstead(find, path, site));
