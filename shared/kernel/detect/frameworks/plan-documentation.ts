import { folderBelow, plainString, withoutComments } from '../config-text.ts';
import { type FrameworkPlan, type NodeProject, optionIn, scriptText } from './framework.ts';

const KINDS = ['ts', 'mts', 'js', 'mjs', 'cjs'];

/** VitePress and VuePress keep configuration and output in a hidden folder below the documents' folder, which the build names. */
const planPress = (program: 'vitepress' | 'vuepress') =>
  async function planDocuments(project: NodeProject): Promise<FrameworkPlan> {
    const [script] = ['build', 'docs:build'].filter((name) => scriptText(project, name) !== '');
    const build = scriptText(project, script ?? '');
    const named = new RegExp(`\\b${program}\\s+build\\s+([\\w./-]+)(?=\\s|$)`).exec(build)?.[1];
    const folders = named === undefined ? ['', 'docs', 'src'] : [folderBelow(named) ?? ''];
    const inside = (folder: string, name: string) => (folder === '' ? name : `${folder}/${name}`);
    const configs = folders.flatMap((folder) => KINDS.map((kind) => inside(folder, `.${program}/config.${kind}`)));
    const config = project.folder.firstOf(configs);
    const text = withoutComments((config && (await project.folder.read(config))) ?? '');
    const home = config === undefined ? folders : [config.slice(0, Math.max(0, config.indexOf(`.${program}/`) - 1))];
    const said =
      optionIn(build, '--outDir', '--dest', '-d') ?? plainString(text, program === 'vitepress' ? 'outDir' : 'dest');
    // VitePress resolves its folder relative to the documents, VuePress relative to where it runs.
    const out = folderBelow(said, program === 'vitepress' ? home[0] : '');
    return { outputs: out === undefined ? home.map((folder) => inside(folder, `.${program}/dist`)) : [out] };
  };

export const planVitePress = planPress('vitepress');
export const planVuePress = planPress('vuepress');

/** Eleventy's output directory: an option of its command, or `dir.output` in its configuration. */
export async function planEleventy(project: NodeProject): Promise<FrameworkPlan> {
  const names = [
    '.eleventy.js',
    '.eleventy.cjs',
    'eleventy.config.js',
    'eleventy.config.mjs',
    'eleventy.config.cjs',
    'eleventy.config.ts',
  ];
  const text = withoutComments((await project.folder.readFirst(names)) ?? '');
  const said = optionIn(scriptText(project, 'build'), '--output') ?? plainString(text, 'output');
  return { outputs: [folderBelow(said) ?? '_site'] };
}

/** Hexo's output directory is a line of its YAML. */
export async function planHexo({ folder }: NodeProject): Promise<FrameworkPlan> {
  const said = /^public_dir:[ \t]*["']?([\w./-]+)/m.exec((await folder.read('_config.yml')) ?? '')?.[1];
  return { outputs: [folderBelow(said) ?? 'public'] };
}
