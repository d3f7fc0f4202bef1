import { withoutAssignments } from './unwrap-script.ts';

/**
 * What a start command is:
 * - `server`: something that answers requests.
 * - `development`: a server run by a development tool, which watches files or compiles at each start.
 * - `preview`: shows a site to its author; the site itself needs no server.
 * - `manager`: a package manager, which the app's machine lacks.
 * - `nothing`: no command is left.
 */
export type StartJudgement = 'server' | 'development' | 'preview' | 'manager' | 'nothing';

const DEVELOPMENT =
  /^(?:nodemon|ts-node(?:-dev|-esm|-transpile-only)?|tsnd|babel-node|swc-node|vite-node|tsx|nest\s+start|next\s+dev|nuxt\s+dev|nuxi\s+dev|(?:remix|react-router)\s+(?:vite:)?dev|forever|pm2|concurrently|npm-run-all|run-p|run-s|node\s+(?:.*\s)?(?:--watch\b|-r\s+ts-node|--loader[=\s]ts-node|--import[=\s]tsx))/;

const PREVIEW =
  /^(?:vite(?:\s+(?:dev|serve|preview))?(?:\s+-.*)?$|(?:serve|http-server|live-server|lite-server|sirv|browser-sync|json-server|parcel|polymer|snowpack|microbundle|docsify|wmr)\b|react-scripts\s+start|react-app-rewired\s+start|craco\s+start|ng\s+s(?:erve)?\b|webpack(?:-dev-server|\s+serve)|gatsby\s+(?:develop|serve)|astro(?:\s+(?:dev|preview))?\b|docusaurus\s+(?:start|serve)|(?:vitepress|vuepress)\s+(?:dev|serve|preview)|vue-cli-service\s+serve|rsbuild\s+(?:dev|preview)|rspress\s+(?:dev|preview)|nux[ti]\s+(?:preview|start)|ember\s+s(?:erve)?\b|(?:@11ty\/)?eleventy\b|hexo\s+s(?:erver)?\b|storybook\s+dev|start-storybook|slidev\b|(?:umi|max)\s+dev|preact\s+(?:watch|serve)|stencil\b|gulp\b|grunt\b|expo\s+start|ionic\s+serve|quasar\s+dev|electron\b|turbo\b|nx\b|echo\b|exit\b|tsc\b|rollup\b|esbuild\b)/;

const MANAGER = /^(?:npm|pnpm|yarn|bun\s+run|lerna)\b/;

/** The last of several commands in a row, which keeps running. */
const lastOf = (command: string) => withoutAssignments(command.split('&&').at(-1)?.trim() ?? '');

/** Judges a start command by its last part. */
export function judgeStart(command: string): StartJudgement {
  const last = lastOf(command);
  if (last === '') return 'nothing';
  if (MANAGER.test(last)) return 'manager';
  if (PREVIEW.test(last)) return 'preview';
  return DEVELOPMENT.test(last) ? 'development' : 'server';
}

/** The file passed to `node`, if that is what is run. */
export function nodeFileOf(command: string): string | undefined {
  const [, file] = /^node\s+(?:--?[\w-]+(?:=\S+)?\s+)*([\w@./-]+)(?:\s|$)/.exec(lastOf(command)) ?? [];
  return file?.replace(/^\.\//, '');
}

/** The file passed to a development tool, e.g. `src/index.ts` of `tsx watch src/index.ts`. */
export const developedFileOf = (command: string) =>
  /(?:^|\s)(?:\.\/)?([\w@./-]+\.[cm]?[jt]s)\b/.exec(lastOf(command))?.[1];

/** The dependency's program that a command runs, e.g. `next` of `NODE_ENV=production next start`. */
export const programOf = (command: string) => /^(?:node_modules\/\.bin\/)?([\w@.-]+)/.exec(lastOf(command))?.[1];

/** A port that a command sets regardless of PORT. */
export const fixedPortOf = (command: string) =>
  /(?:^|\s)(?:PORT=|--port[=\s]|-p\s?|--listen[=\s](?:\S*:)?)(\d{2,5})\b/.exec(command)?.[1];
