import { configNames, folderBelow, plainString, withoutComments } from '../config-text.ts';
import { type FrameworkPlan, type NodeProject, optionIn, scriptText } from './framework.ts';

/** Vite's output directory is relative to its root; either may be set in the configuration or on the command line. */
export async function planVite(project: NodeProject): Promise<FrameworkPlan> {
  const build = scriptText(project, 'build');
  const text = withoutComments((await project.folder.readFirst(configNames('vite.config'))) ?? '');
  const root = /\bvite\s+build\s+([\w./-]+)(?=\s|$)/.exec(build)?.[1] ?? plainString(text, 'root') ?? '';
  const said = optionIn(build, '--outDir') ?? plainString(text, 'outDir');
  const folder = folderBelow(said ?? 'dist', root);
  return folder === undefined || folder === 'dist'
    ? {}
    : { outputs: [folder, 'dist'], why: 'Its configuration says where the site goes.' };
}
