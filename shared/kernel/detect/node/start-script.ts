import type { NodeProject } from '../frameworks/framework.ts';
import { compiledFile } from './compiled-file.ts';
import { developedFileOf, fixedPortOf, programOf } from './judge-start.ts';
import type { UnwrappedScript } from './unwrap-script.ts';

export interface NodeServer {
  readonly start: string;
  /** Whether package.json and the files prove that it runs. */
  readonly sure: boolean;
  /** Why, and what to do about it; for the user. */
  readonly reasons: readonly string[];
}

/** A command as quoted in a sentence. */
export const quoted = (text: string) => `\`${text}\``;

/** A script that starts a server, used unchanged. */
export function startByScript(project: NodeProject, { command, through }: UnwrappedScript): NodeServer {
  const path = through.map((name) => `"${name}"`).join(', which runs ');
  const missed = missingPrograms(project, command);
  const port = fixedPortOf(command);
  return {
    start: command,
    sure: missed.length === 0 && port === undefined,
    reasons: [
      `package.json has a script ${path}.`,
      ...missed,
      ...(port === undefined ? [] : [`It asks for port ${port}: requests come to the one that PORT names.`]),
    ],
  };
}

/** Why a script is not started, for the user. */
export const insteadOf = ({ command, through }: UnwrappedScript) =>
  `The script "${through[0]}" runs ${quoted(command)}, which is for development.`;

/** Programs that the app's machine lacks. */
export function missingPrograms({ file }: NodeProject, command: string): string[] {
  const program = programOf(command) ?? '';
  if (file.dependencies.has(program) && !file.production.has(program)) {
    return [
      `"${program}" is only among the devDependencies, which an app is run without: move it to the dependencies.`,
    ];
  }
  if ((program === 'bun' || program === 'deno') && !file.production.has(program)) {
    return [`An app is run by Node.js, without ${program}: add it to the dependencies, or start the app with node.`];
  }
  return [];
}

/** The program that a development tool runs, without the tool. */
export async function startInsteadOfDevelopment(
  project: NodeProject,
  script: UnwrappedScript,
  library: string | undefined,
  built: string | undefined,
): Promise<NodeServer> {
  const { file, folder } = project;
  const instead = (start: string): NodeServer => ({
    start,
    sure: true,
    reasons: [insteadOf(script), `${quoted(start)} is run instead.`],
  });
  const developed = developedFileOf(script.command);
  const isScript = developed !== undefined && /\.[cm]?js$/.test(developed) && !/\.config\./.test(developed);
  if (library === '@nestjs/core' && built !== undefined) return instead('node dist/main.js');
  if (isScript) return instead(`node ${developed}`);
  const main = file.main?.replace(/^\.\//, '');
  const mainIsMade = main !== undefined && /\.[cm]?js$/.test(main) && built !== undefined && !folder.has(main);
  if (developed !== undefined && built !== undefined) {
    const compiled = await compiledFile(folder, developed);
    if (compiled !== undefined) return instead(`node ${compiled}`);
  }
  if (mainIsMade || (main !== undefined && developed === undefined && folder.has(main))) return instead(`node ${main}`);
  return {
    start: script.command,
    sure: false,
    reasons: [
      insteadOf(script),
      ...missingPrograms(project, script.command),
      'Add a script "build" that compiles the program and a script "start" that runs the result with node.',
    ],
  };
}
