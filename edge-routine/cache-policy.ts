/** Value of Cache-Control for what may mean something else after the next deployment. */
export const REVALIDATE = 'public, max-age=0, must-revalidate';
const FOR_GOOD = 'public, max-age=31536000, immutable';

const HEX_NAME = /(?<!-[0-9a-f]{4})(?:^|[-._])([0-9a-f]{8,64})(?:\.[a-z][a-z0-9]*){1,2}$/;
const CODE_NAME = /(^|[-.])([\w-]{8})\.(?:js|mjs|css|wasm)(?:\.map)?$/;
const HASHED_FOLDER = /^(?:_next\/static|_astro|_nuxt|_app\/immutable)\/(?!builds\/latest\.json$)/;
const BUNDLER_FOLDER = /(?:^|\/)(?:assets|_astro|_nuxt|_next\/static|_app\/immutable)\//;

function carriesHash(path: string): boolean {
  if (HASHED_FOLDER.test(path)) return true;
  const name = path.slice(path.lastIndexOf('/') + 1);
  const hex = HEX_NAME.exec(name)?.[1];
  if (hex && /\d[a-f]+\d/.test(hex)) return true;
  const [, separator, token = ''] = CODE_NAME.exec(name) ?? [];
  if (!/\d.*[a-z]/i.test(token)) return false;
  if (separator && /^[A-Z2-7]+$/.test(token)) return true;
  return /[a-z]/.test(token) && /[A-Z]/.test(token) && BUNDLER_FOLDER.test(path);
}

/**
 * Value of Cache-Control for a file of a site: how long a browser may keep it without asking. A name that carries a hash
 * of the content never changes its meaning, so it may be kept forever; every other file is revalidated, which costs
 * a 304 from the edge. Mistaking a plain name for a hash would show a visitor the old file for a year, so the rule demands
 * what people do not type:
 *
 * - `app.8f3a9b2c.js`, `main-0d9c1e7f.chunk.css`: 8 to 64 lower-case hex characters before the extension, a letter
 *   between two digits among them. Not `report-20241231.pdf`, not `deadbeef.png`, not the last group of a UUID.
 * - `main-5RC7PFZX.js`: 8 upper-case base32 characters (esbuild, Angular), scripts and styles only, a digit before a letter.
 * - `assets/index-B3x_9aQz.js`: 8 base64url characters (Vite, Rollup) in a folder where bundlers write, scripts and
 *   styles only, with lower case, a capital and a digit before a letter. Not `assets/logo-Version2.js`.
 * - everything in `_next/static/`, `_astro/`, `_nuxt/` and `_app/immutable/`, where Next.js, Astro, Nuxt and SvelteKit put what
 *   files named with hashes, in their own formats, and nothing else (`builds/latest.json` of Nuxt is the exception).
 *
 * HTML is always revalidated. So is a hash that happens to look like a word: that is the cheap mistake.
 */
export const cachePolicy = (path: string, type: string): string =>
  !type.startsWith('text/html') && carriesHash(path) ? FOR_GOOD : REVALIDATE;
