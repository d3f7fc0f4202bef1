export interface Framework {
  readonly name: string;
  /** All of these are among the dependencies. */
  readonly packages: readonly string[];
  /** Where its build puts the site; the first that exists. */
  readonly outputs: readonly string[];
  /** It makes a page per address, so that one page alone does not mean a single-page app. */
  readonly manyPages?: true;
  /** What to do when none of `outputs` exists. */
  readonly hint?: string;
}

/** In order of preference: what builds on Vite comes before Vite. */
export const frameworks: readonly Framework[] = [
  { name: 'Astro', packages: ['astro'], outputs: ['dist'], manyPages: true },
  {
    name: 'Next.js',
    packages: ['next'],
    outputs: ['out'],
    manyPages: true,
    hint: "Next.js writes a static site only with output: 'export' in its configuration.",
  },
  { name: 'Gatsby', packages: ['gatsby'], outputs: ['public'], manyPages: true },
  { name: 'Docusaurus', packages: ['@docusaurus/core'], outputs: ['build'], manyPages: true },
  {
    name: 'VitePress',
    packages: ['vitepress'],
    outputs: ['.vitepress/dist', 'docs/.vitepress/dist'],
    manyPages: true,
  },
  { name: 'SvelteKit', packages: ['@sveltejs/kit', '@sveltejs/adapter-static'], outputs: ['build'], manyPages: true },
  {
    name: 'SvelteKit',
    packages: ['@sveltejs/kit'],
    outputs: ['build'],
    manyPages: true,
    hint: 'SvelteKit writes a static site only with @sveltejs/adapter-static.',
  },
  { name: 'Create React App', packages: ['react-scripts'], outputs: ['build'] },
  { name: 'Vue CLI', packages: ['@vue/cli-service'], outputs: ['dist'] },
  { name: 'Vite', packages: ['vite'], outputs: ['dist'] },
];

/** Where a build without a known framework may have put its site; the first that exists. */
export const COMMON_OUTPUTS = ['dist', 'build', 'out', 'public', '_site'] as const;
