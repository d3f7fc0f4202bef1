import { configNames, plainFlag, plainString, withoutComments } from '../config-text.ts';
import { type FrameworkPlan, type NodeProject, scriptText } from './framework.ts';

const STATIC_PRESETS = ['static', 'github-pages', 'github_pages'];

/** Nuxt generates a site or builds a server, depending on the command; `ssr: false` means that a site would suffice. */
export async function planNuxt(project: NodeProject): Promise<FrameworkPlan> {
  const second = /^[\^~>=v\s]*2\./.test(project.file.dependencies.get('nuxt') ?? '');
  const text = withoutComments((await project.folder.readFirst(configNames('nuxt.config'))) ?? '');
  const outputs = second ? ['dist'] : ['.output/public', 'dist'];
  const build = scriptText(project, 'build');
  const generates = (script: string) => /\b(?:nuxt|nuxi|nuxt-ts)\s+generate\b/.test(scriptText(project, script));
  if (generates('build') || /\bnuxt\s+build\b.*--prerender\b/.test(build)) {
    return { outputs, why: 'The script "build" generates a site.' };
  }
  if (STATIC_PRESETS.includes(plainString(text, 'preset') ?? '')) {
    return { outputs, why: 'nuxt.config asks for a static preset.' };
  }
  if (generates('generate')) {
    if (build === '')
      return { outputs, script: 'generate', why: 'package.json has a script "generate" and none to build a server.' };
    if (plainFlag(text, 'ssr') === false || plainString(text, 'target') === 'static') {
      const single = plainFlag(text, 'ssr') === false;
      return {
        outputs,
        script: 'generate',
        manyPages: !single,
        why: `nuxt.config has ${single ? 'ssr: false' : "target: 'static'"}: the script "generate" makes all of it.`,
      };
    }
  }
  return {
    start: second ? 'nuxt start' : 'node .output/server/index.mjs',
    why: 'The build makes a server; a site is made by nuxt generate.',
  };
}
