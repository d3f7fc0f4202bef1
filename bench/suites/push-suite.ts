import { withPlatform } from '../measuring/bench-platform.ts';
import type { Suite } from '../measuring/figure.ts';
import { importSite } from '../measuring/measured-site.ts';
import { endEveryInstance } from '../measuring/platform-functions.ts';
import { openPushTracer, pushToLive, stepFigures, type TracedPush } from '../measuring/push-steps.ts';

const WARM_UP = 2;
const WARM = 20;
const COLD = 5;
const LIVE_TARGET_MS = 2000;

const page = (text: string) =>
  `<!doctype html><title>bench</title><link rel="stylesheet" href="style.css"><h1>${text}</h1>\n`;

const SITE = {
  'index.html': page('imported'),
  'about.html': page('about'),
  'style.css': 'h1 { color: teal }\n',
  'logo.svg': '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1z"/></svg>\n',
  'data/list.json': '[1, 2, 3]\n',
};

export const pushSuite: Suite = {
  name: 'push',
  about: 'git push → a visitor sees it, for a plain site of five files of which one changed',
  run: (say) =>
    withPlatform(async (platform) => {
      const tracer = await openPushTracer(platform);
      const { site } = await importSite(platform, 'pushed', SITE);
      const pushOnce = async (text: string) =>
        tracer.trace(await site.push({ 'index.html': page(text) }, 'index.html'));
      try {
        await tracer.atRest();
        const warm: TracedPush[] = [];
        for (let push = 1; push <= WARM_UP + WARM; push += 1) {
          const measured = await pushOnce(`warm ${push}`);
          if (push > WARM_UP) warm.push(measured);
        }
        say(`${WARM} pushes measured; now with every function instance ended before each`);
        const cold: TracedPush[] = [];
        for (let push = 1; push <= COLD; push += 1) {
          await endEveryInstance(platform);
          cold.push(await pushOnce(`cold ${push}`));
        }
        return [
          {
            name: 'push → live',
            unit: 'ms',
            samples: pushToLive(warm),
            target: { relation: '<', value: LIVE_TARGET_MS },
            note: `after ${WARM_UP} pushes that do not count; the steps below are read from Postgres`,
          },
          ...stepFigures(warm),
          {
            name: 'push → live, cold',
            unit: 'ms',
            samples: pushToLive(cold),
            note: 'no instance of any function was running',
          },
          ...stepFigures(cold),
        ];
      } finally {
        await tracer.close();
        site.remove();
      }
    }),
};
