import type { Framework } from './framework.ts';
import { planAngular } from './plan-angular.ts';
import { planAstro } from './plan-astro.ts';
import {
  planDocusaurus,
  planParcel,
  planRsbuild,
  planRspress,
  planSlidev,
  planStorybook,
  planUmi,
  planVueCli,
} from './plan-bundler.ts';
import { planEleventy, planHexo, planVitePress, planVuePress } from './plan-documentation.ts';
import { planNext } from './plan-next.ts';
import { planNitro, planQwik } from './plan-nitro.ts';
import { planNuxt } from './plan-nuxt.ts';
import { planReactRouter, planRemix } from './plan-react-router.ts';
import { planSvelteKit } from './plan-sveltekit.ts';
import { planVite } from './plan-vite.ts';

const documents = ['build', 'docs:build'];

/** Frameworks that build a site, or a server for pages, in order of preference: those built on Vite come before Vite. */
export const frameworks: readonly Framework[] = [
  { name: 'Astro', packages: ['astro'], outputs: ['dist'], manyPages: true, plan: planAstro },
  { name: 'Next.js', packages: ['next'], outputs: ['out'], manyPages: true, plan: planNext },
  {
    name: 'Nuxt',
    packages: ['nuxt', 'nuxt3', 'nuxt-edge'],
    outputs: ['.output/public', 'dist'],
    manyPages: true,
    plan: planNuxt,
    scripts: ['build', 'generate'],
  },
  { name: 'Gatsby', packages: ['gatsby'], outputs: ['public'], manyPages: true },
  { name: 'Docusaurus', packages: ['@docusaurus/core'], outputs: ['build'], manyPages: true, plan: planDocusaurus },
  { name: 'Slidev', packages: ['@slidev/cli'], outputs: ['dist'], plan: planSlidev },
  { name: 'SolidStart', packages: ['@solidjs/start'], outputs: ['.output/public'], manyPages: true, plan: planNitro },
  {
    name: 'TanStack Start',
    packages: ['@tanstack/react-start', '@tanstack/solid-start'],
    outputs: ['.output/public'],
    manyPages: true,
    plan: planNitro,
  },
  { name: 'SvelteKit', packages: ['@sveltejs/kit'], outputs: ['build'], manyPages: true, plan: planSvelteKit },
  {
    name: 'React Router',
    packages: ['@react-router/dev'],
    outputs: ['build/client'],
    manyPages: true,
    plan: planReactRouter,
  },
  { name: 'Remix', packages: ['@remix-run/dev'], outputs: ['build/client'], manyPages: true, plan: planRemix },
  { name: 'Qwik', packages: ['@builder.io/qwik', '@qwik.dev/core'], outputs: ['dist'], plan: planQwik },
  { name: 'Ionic Angular', packages: ['@ionic/angular'], outputs: ['www', 'www/browser'], plan: planAngular },
  { name: 'Angular', packages: ['@angular/core', '@angular/cli'], outputs: ['dist'], plan: planAngular },
  { name: 'Eleventy', packages: ['@11ty/eleventy'], outputs: ['_site'], manyPages: true, plan: planEleventy },
  { name: 'Hexo', packages: ['hexo'], outputs: ['public'], manyPages: true, plan: planHexo },
  { name: 'Gridsome', packages: ['gridsome'], outputs: ['dist'], manyPages: true },
  { name: 'Sapper', packages: ['sapper'], outputs: ['__sapper__/export'], manyPages: true },
  { name: 'Saber', packages: ['saber'], outputs: ['public'], manyPages: true },
  { name: 'Ember', packages: ['ember-cli', 'ember-source'], outputs: ['dist'] },
  { name: 'Preact CLI', packages: ['preact-cli'], outputs: ['build'] },
  { name: 'Umi', packages: ['umi', '@umijs/max'], outputs: ['dist'], plan: planUmi },
  { name: 'Stencil', packages: ['@stencil/core'], outputs: ['www'] },
  { name: 'Create React App', packages: ['react-scripts', 'react-dev-utils'], outputs: ['build'] },
  { name: 'Vue CLI', packages: ['@vue/cli-service'], outputs: ['dist'], plan: planVueCli },
  {
    name: 'Rspress',
    packages: ['rspress', '@rspress/core'],
    outputs: ['doc_build'],
    manyPages: true,
    plan: planRspress,
  },
  { name: 'Rsbuild', packages: ['@rsbuild/core'], outputs: ['dist'], plan: planRsbuild },
  { name: 'Polymer', packages: ['polymer-cli'], outputs: ['build/default', 'build'] },
  { name: 'Sanity', packages: ['sanity'], outputs: ['dist'] },
  { name: 'Svelte', packages: ['svelte'], also: 'sirv-cli', outputs: ['public'] },
  { name: 'Brunch', packages: ['brunch'], outputs: ['public'] },
  // Documentation often accompanies something else.
  {
    name: 'VitePress',
    packages: ['vitepress'],
    outputs: ['.vitepress/dist', 'docs/.vitepress/dist'],
    manyPages: true,
    plan: planVitePress,
    scripts: documents,
    program: 'vitepress',
  },
  {
    name: 'VuePress',
    packages: ['vuepress'],
    outputs: ['.vuepress/dist', 'docs/.vuepress/dist', 'src/.vuepress/dist'],
    manyPages: true,
    plan: planVuePress,
    scripts: documents,
    program: 'vuepress',
  },
  { name: 'Vite', packages: ['vite'], outputs: ['dist'], plan: planVite },
  { name: 'Parcel', packages: ['parcel', 'parcel-bundler'], outputs: ['dist'], plan: planParcel },
  { name: 'Nitro', packages: ['nitro', 'nitropack'], outputs: ['.output/public'], plan: planNitro },
  {
    name: 'Storybook',
    packages: ['storybook'],
    outputs: ['storybook-static'],
    plan: planStorybook,
    scripts: ['build-storybook'],
  },
];

/** Where a build without a known framework may have put its site; the first that exists. */
export const COMMON_OUTPUTS = ['dist', 'build', 'out', 'public', '_site'] as const;
