import { withPlatform } from '../measuring/bench-platform.ts';
import type { Suite } from '../measuring/figure.ts';
import { importSite, type SiteFiles } from '../measuring/measured-site.ts';
import { openPushTracer, pushToLive, stepFigures, type TracedPush } from '../measuring/push-steps.ts';
import { objectsUnder } from '../measuring/stored-objects.ts';

const FILES = 10_000;
const FOLDERS = 100;
const PUSHES = 5;
/** What a build may upload for one changed page besides the manifest: the page, and its compressed twin. */
const UPLOADS_TARGET = 2;
const PATIENCE_MS = 10 * 60_000;

/** A page of a little more than a kilobyte, which is worth compressing. */
const pageOf = (title: string) =>
  `<!doctype html><title>${title}</title>\n${`<p>This is a paragraph of ${title}, one of ${FILES} pages.</p>\n`.repeat(20)}`;

/** No two are alike. */
function manyFiles(): SiteFiles {
  const pages: Record<string, string> = { 'index.html': pageOf('the first deployment') };
  for (let page = 1; page < FILES; page += 1) pages[`section-${page % FOLDERS}/page-${page}.html`] = pageOf(`${page}`);
  return pages;
}

export const unchangedSuite: Suite = {
  name: 'unchanged',
  about: `a site of ${FILES} files, and then the same with one file changed`,
  run: (say) =>
    withPlatform(async (platform) => {
      say(`the first deployment of ${FILES} files`);
      const tracer = await openPushTracer(platform);
      const { site, first: seen } = await importSite(platform, 'unchanged', manyFiles(), PATIENCE_MS);
      try {
        const firstObjects = await objectsUnder(platform, `projects/${site.project.slug}/`);
        const first = await tracer.trace(seen);
        const changed: TracedPush[] = [];
        const uploads: number[] = [];
        for (let push = 1, before = firstObjects; push <= PUSHES; push += 1) {
          const content = pageOf(`change ${push}`);
          changed.push(await tracer.trace(await site.push({ 'index.html': content }, 'index.html', PATIENCE_MS)));
          const after = await objectsUnder(platform, `projects/${site.project.slug}/`);
          const isNew = (key: string) => !before.has(key) && key.includes('/blobs/');
          uploads.push([...after].filter(isNew).length);
          before = after;
        }
        return [
          {
            name: `one of ${FILES} files changed: contents uploaded`,
            unit: 'contents',
            samples: uploads,
            target: { relation: '≤', value: UPLOADS_TARGET },
            note: 'that appeared in the bucket, beside the manifest',
          },
          { name: `one of ${FILES} files changed: push → live`, unit: 'ms', samples: pushToLive(changed) },
          ...stepFigures(changed),
          {
            name: `all ${FILES} files new: push → live`,
            unit: 'ms',
            samples: pushToLive([first]),
            note: `with the import; ${firstObjects.size} objects in the bucket afterwards`,
          },
          ...stepFigures([first]),
        ];
      } finally {
        await tracer.close();
        site.remove();
      }
    }),
};
