import { configNames, folderBelow, plainFlag, plainString, withoutComments } from '../config-text.ts';
import type { FrameworkPlan, NodeProject } from './framework.ts';

const SINGLE = 'has ssr: false: the build makes one page for all addresses.';

/** React Router as a framework (version 7 on). As a library it is part of a Vite project. */
export async function planReactRouter({ folder }: NodeProject): Promise<FrameworkPlan> {
  const name = folder.firstOf(configNames('react-router.config'));
  const text = withoutComments((name && (await folder.read(name))) ?? '');
  const out = folderBelow(plainString(text, 'buildDirectory')) ?? 'build';
  if (plainFlag(text, 'ssr') === false) {
    return {
      outputs: [`${out}/client`],
      manyPages: /(?<![\w$])prerender\b/.test(text),
      why: `${name} ${SINGLE}`,
    };
  }
  return {
    start: `react-router-serve ./${out}/server/index.js`,
    why: 'React Router renders on a server, unless react-router.config has ssr: false.',
  };
}

/** Remix (version 2 and before): with Vite, which may be told `ssr: false`, or with its own compiler. */
export async function planRemix({ folder, file }: NodeProject): Promise<FrameworkPlan> {
  const name = folder.firstOf(configNames('vite.config'));
  const text = withoutComments((name && (await folder.read(name))) ?? '');
  if (!text.includes('@remix-run/dev')) {
    return { start: 'remix-serve build/index.js', why: 'Remix renders on a server.' };
  }
  if (plainFlag(text, 'ssr') === false)
    return { outputs: ['build/client'], manyPages: false, why: `${name} ${SINGLE}` };
  const serves = file.dependencies.has('@remix-run/serve');
  return {
    start: 'remix-serve ./build/server/index.js',
    why: 'Remix renders on a server, unless vite.config has ssr: false.',
    ...(serves
      ? {}
      : {
          unsure: true,
          hint: 'Add @remix-run/serve to the dependencies, or a script "start" with a server of your own.',
        }),
  };
}
