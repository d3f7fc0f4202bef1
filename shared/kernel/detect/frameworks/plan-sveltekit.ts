import { configNames, folderBelow, plainString, withoutComments } from '../config-text.ts';
import type { FrameworkPlan, NodeProject } from './framework.ts';

/** SvelteKit's output depends on its adapter: the one its configuration imports, else the one that is installed. */
export async function planSvelteKit({ folder, file }: NodeProject): Promise<FrameworkPlan> {
  const text = withoutComments(
    (await folder.readFirst([...configNames('svelte.config'), ...configNames('vite.config')])) ?? '',
  );
  const imported = /['"](@?[\w-]*\/?(?:svelte-)?adapter-[\w-]+)['"]/.exec(text)?.[1];
  const installed = ['@sveltejs/adapter-static', '@sveltejs/adapter-node'].find((name) => file.dependencies.has(name));
  const adapter = imported ?? installed;
  if (adapter === '@sveltejs/adapter-static') {
    return {
      outputs: [folderBelow(plainString(text, 'pages')) ?? 'build'],
      // Its fallback page answers every path that is not prerendered.
      manyPages: plainString(text, 'fallback') === undefined,
      why: 'Its adapter is @sveltejs/adapter-static, which makes a site.',
    };
  }
  if (adapter === '@sveltejs/adapter-node') {
    const out = folderBelow(plainString(text, 'out')) ?? 'build';
    return { start: `node ${out}`, why: 'Its adapter is @sveltejs/adapter-node, which makes a server.' };
  }
  return {
    unsure: true,
    hint: 'SvelteKit writes a site only with @sveltejs/adapter-static, and a server only with @sveltejs/adapter-node.',
    ...(adapter === undefined ? {} : { why: `Its adapter is ${adapter}, which makes nothing for here.` }),
  };
}
