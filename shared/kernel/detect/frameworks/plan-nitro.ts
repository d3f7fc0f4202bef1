import { configNames, plainFlag, plainString, withoutComments } from '../config-text.ts';
import type { FrameworkPlan, NodeProject } from './framework.ts';

const CONFIGS = ['app.config', 'nitro.config', 'vite.config'].flatMap(configNames);

/** Projects built with Nitro (SolidStart, TanStack Start, Nitro itself): a Node.js server, unless the preset is a site. */
export async function planNitro({ folder }: NodeProject): Promise<FrameworkPlan> {
  const text = withoutComments((await folder.readFirst(CONFIGS)) ?? '');
  const preset = plainString(text, 'preset');
  if (preset === 'static' || plainFlag(text, 'ssr') === false) {
    return { outputs: ['.output/public'], why: 'Its configuration asks for a site without a server.' };
  }
  return { start: 'node .output/server/index.mjs', why: 'Its build makes a server.' };
}

/** Qwik City: the result depends on the adapter that `qwik add` has put into `adapters/`. */
export async function planQwik({ folder, file }: NodeProject): Promise<FrameworkPlan> {
  const adapters = (name: string) => configNames(`adapters/${name}/vite.config`);
  const server = ['express', 'fastify', 'node-server'].find((name) => folder.firstOf(adapters(name)) !== undefined);
  if (server !== undefined) {
    return { start: `node server/entry.${server}.js`, why: `There is an adapter for ${server}, which makes a server.` };
  }
  if (folder.firstOf([...adapters('static'), ...adapters('ssg')]) !== undefined) {
    return { manyPages: true, why: 'There is an adapter for static pages.' };
  }
  const city = ['@builder.io/qwik-city', '@qwik.dev/router'].some((name) => file.dependencies.has(name));
  return city ? { unsure: true, hint: 'Add an adapter: `npm run qwik add static` or `npm run qwik add express`.' } : {};
}
