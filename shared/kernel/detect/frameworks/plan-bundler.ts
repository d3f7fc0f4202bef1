import { configNames, folderBelow, plainString, withoutComments } from '../config-text.ts';
import { type FrameworkPlan, type NodeProject, optionIn, scriptText } from './framework.ts';

/** A bundler whose output directory is an option of its command or a single string in its configuration. */
const planBundler =
  ({
    config,
    key,
    options,
    usual,
  }: {
    config: readonly string[];
    key: string;
    options: readonly string[];
    usual: string;
  }) =>
  async (project: NodeProject): Promise<FrameworkPlan> => {
    const text = withoutComments((await project.folder.readFirst(config)) ?? '');
    const said = optionIn(scriptText(project, 'build'), ...options) ?? plainString(text, key);
    return { outputs: [folderBelow(said) ?? usual] };
  };

export const planRsbuild = planBundler({
  config: configNames('rsbuild.config'),
  key: 'root',
  options: ['--dist-path'],
  usual: 'dist',
});
export const planRspress = planBundler({
  config: configNames('rspress.config'),
  key: 'outDir',
  options: [],
  usual: 'doc_build',
});
export const planVueCli = planBundler({
  config: configNames('vue.config'),
  key: 'outputDir',
  options: ['--dest'],
  usual: 'dist',
});
export const planParcel = planBundler({
  config: [],
  key: '',
  options: ['--dist-dir', '--out-dir', '-d'],
  usual: 'dist',
});
export const planUmi = planBundler({
  config: ['.umirc.ts', '.umirc.js', ...configNames('config/config')],
  key: 'outputPath',
  options: [],
  usual: 'dist',
});
export const planSlidev = planBundler({ config: [], key: '', options: ['--out', '-o'], usual: 'dist' });
export const planDocusaurus = planBundler({ config: [], key: '', options: ['--out-dir'], usual: 'build' });
export const planStorybook = planBundler({
  config: [],
  key: '',
  options: ['--output-dir', '-o'],
  usual: 'storybook-static',
});
