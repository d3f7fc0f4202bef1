import { withPlatform } from '../measuring/bench-platform.ts';
import type { Suite } from '../measuring/figure.ts';
import { importSite, type SiteFiles } from '../measuring/measured-site.ts';
import { openPushTracer, pushToLive, stepFigures, type TracedPush } from '../measuring/push-steps.ts';
import { objectsUnder } from '../measuring/stored-objects.ts';

const FILES = 10_000;
const FOLDERS = 100;
const PUSHES = 5;
/** What a build may upload for one changed file: the file, and the manifest. */
const UPLOADS_TARGET = 2;
const PATIENCE_MS = 10 * 60_000;

/** Pages of about a kilobyte, no two alike. */
function manyFiles(): SiteFiles {
  const pages: Record<string, string> = { 'index.html': '<!doctype html><h1>imported</h1>\n' };
  for (let page = 1; page < FILES; page += 1) {
    const text = `<p>This is paragraph number ${page} of a site of ${FILES} pages.</p>\n`.repeat(15);
    pages[`section-${page % FOLDERS}/page-${page}.html`] = `<!doctype html><title>${page}</title>\n${text}`;
  }
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
          const content = `<!doctype html><h1>change ${push}</h1>\n`;
          changed.push(await tracer.trace(await site.push({ 'index.html': content }, 'index.html', PATIENCE_MS)));
          const after = await objectsUnder(platform, `projects/${site.project.slug}/`);
          // `manifest.json` is put in place by the platform, once it has verified what the build uploaded.
          const isNew = (key: string) => !before.has(key) && !key.endsWith('/manifest.json');
          uploads.push([...after].filter(isNew).length);
          before = after;
        }
        return [
          {
            name: `one of ${FILES} files changed: uploads by the build`,
            unit: 'objects',
            samples: uploads,
            target: { relation: '≤', value: UPLOADS_TARGET },
            note: 'objects that appeared in the bucket: files and the manifest',
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
