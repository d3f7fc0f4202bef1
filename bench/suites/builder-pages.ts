import { archiveOfFiles } from '../../builder/testing/archive-of.ts';

const WORDS =
  'river stone light garden window paper north silver market bridge summer letter engine yellow corner winter'.split(
    ' ',
  );
export const PAGE_BYTES = 5_000;

/** A page that compresses as prose does, to about a quarter; no two alike. */
export function page(number: number, edition = 0): string {
  let state = number * 7919 + edition + 1;
  const next = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >> 8) % below;
  };
  let text = `<!doctype html><html lang="en"><head><title>Page ${number}</title></head><body>\n`;
  while (text.length < PAGE_BYTES) {
    const words = Array.from({ length: 12 }, () => `${WORDS[next(WORDS.length)]}${next(6) === 0 ? next(1000) : ''}`);
    text += `<p class="text">${words.join(' ')}.</p>\n`;
  }
  return `${text}</body></html>\n`;
}

export type Pages = Record<string, string>;

export function pages(count: number): Pages {
  const files: Pages = {};
  for (let number = 0; number < count; number += 1) files[`section-${number % 100}/page-${number}.html`] = page(number);
  return files;
}

/** As a code host packs it. */
export const archive = (files: Pages) => archiveOfFiles({ 'index.html': '<!doctype html><h1>bench</h1>\n', ...files });
