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

export type Choice =
  | { readonly kind: 'file'; readonly file: ManifestFile; readonly negotiatedByAccept: boolean }
  | { readonly kind: 'redirect'; readonly location: string }
  | { readonly kind: 'not-found'; readonly page: ManifestFile | undefined; readonly negotiatedByAccept: boolean };

const found = (file: ManifestFile): Choice => ({ kind: 'file', file, negotiatedByAccept: false });

/** Only ever called with the path of a file in the manifest: its first segment is not empty, so this is never `//host`. */
const redirectTo = (path: string): Choice => ({
  kind: 'redirect',
  location: `/${path.split('/').map(encodeURIComponent).join('/')}`,
});

/** `path` comes from `decodeSitePath`; `find` looks it up in the routing table. */
export async function chooseFile(
  find: (path: string) => Promise<ManifestFile | undefined>,
  path: string,
  site: { readonly spa: boolean; readonly acceptsHtml: boolean },
): Promise<Choice> {
  if (path === '' || path.endsWith('/')) {
    const index = await find(`${path}index.html`);
    if (index) return found(index);
    const name = path.slice(0, -1);
    if (name && (await find(`${name}.html`))) return redirectTo(name);
  } else {
    const file = (await find(path)) ?? (await find(`${path}.html`));
    if (file) return found(file);
    if (await find(`${path}/index.html`)) return redirectTo(`${path}/`);
  }
  const negotiatedByAccept = site.spa && !path.slice(path.lastIndexOf('/') + 1).includes('.');
  if (negotiatedByAccept && site.acceptsHtml) {
    const file = await find('index.html');
    if (file) return { kind: 'file', file, negotiatedByAccept };
  }
  return { kind: 'not-found', page: await find('404.html'), negotiatedByAccept };
}
