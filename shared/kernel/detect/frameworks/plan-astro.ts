import { configNames, folderBelow, plainString, withoutComments } from '../config-text.ts';
import type { FrameworkPlan, NodeProject } from './framework.ts';

/** Astro builds a site unless its configuration has an adapter. */
export async function planAstro({ folder }: NodeProject): Promise<FrameworkPlan> {
  const text = withoutComments((await folder.readFirst(configNames('astro.config'))) ?? '');
  const out = folderBelow(plainString(text, 'outDir')) ?? 'dist';
  const adapter = /['"](@astrojs\/(?:node|vercel|netlify|cloudflare|deno)[\w/-]*|[\w@/-]*astro-adapter[\w-]*)['"]/.exec(
    text,
  )?.[1];
  if (adapter === '@astrojs/node') {
    return {
      start: `node ./${out}/server/entry.mjs`,
      why: 'Its configuration has the adapter @astrojs/node, which makes a server.',
    };
  }
  const output = plainString(text, 'output');
  if (output === 'server' || output === 'hybrid' || (adapter !== undefined && output !== 'static')) {
    return {
      unsure: true,
      outputs: [out, `${out}/client`],
      hint: `Astro makes a server only with the adapter @astrojs/node${adapter === undefined ? '' : `, not with ${adapter}`}, and a site only without output: 'server'.`,
    };
  }
  return { outputs: [out] };
}
