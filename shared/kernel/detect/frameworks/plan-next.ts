import { configNames, folderBelow, plainString, withoutComments } from '../config-text.ts';
import { type FrameworkPlan, type NodeProject, optionIn, scriptText } from './framework.ts';

/** Next.js is a server unless its configuration asks for an export, or the build script (before version 14) makes one. */
export async function planNext(project: NodeProject): Promise<FrameworkPlan> {
  const name = project.folder.firstOf(configNames('next.config'));
  const text = withoutComments((name && (await project.folder.read(name))) ?? '');
  if (plainString(text, 'output') === 'export') {
    const folder = folderBelow(plainString(text, 'distDir'));
    return { outputs: [folder ?? 'out'], why: `${name} asks for output: 'export', a site without a server.` };
  }
  const build = scriptText(project, 'build');
  if (/\bnext\s+export\b/.test(build)) {
    return {
      outputs: [optionIn(build, '-o', '--outdir') ?? 'out'],
      why: 'The script "build" runs next export, which makes a site without a server.',
    };
  }
  return {
    start: 'next start -p $PORT',
    why: `${name ?? 'Without a configuration Next.js'} ${name ? "does not ask for output: 'export', so that Next.js" : ''} needs its server.`.replace(
      /\s+/g,
      ' ',
    ),
  };
}
