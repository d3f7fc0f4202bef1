import { type ExitCode, exitCodes } from '../cli-error.ts';
import type { Command, CommandContext } from '../command.ts';
import { deploymentNamed } from '../deployment-named.ts';
import { type DeploymentPath, followDeployment, type LogEntry, readLog } from '../follow-deployment.ts';
import { printableText } from '../printing/printable-text.ts';
import { exitCodeOf } from '../printing/show-progress.ts';
import { splitLines } from '../printing/split-lines.ts';
import { projectHere } from '../project-here.ts';

/** Prints entries as they come, line by line, or as JSON, one a line; `end` prints a last line that has no end. */
function logPrinter({ terminal, options }: CommandContext) {
  const lines = splitLines();
  let attempt: number | undefined;
  const show = (line: string) => terminal.line(printableText(line, { keepColours: terminal.colours }));
  return {
    print(entry: LogEntry) {
      if (options.json) return terminal.jsonLine(entry);
      if (attempt !== undefined && entry.attempt !== attempt) {
        lines.end().forEach(show);
        terminal.line(terminal.paint('dim', `── attempt ${entry.attempt} ──`));
      }
      attempt = entry.attempt;
      lines.push(entry.text).forEach(show);
    },
    end: () => lines.end().forEach(show),
  };
}

async function printLog(context: CommandContext, path: DeploymentPath): Promise<ExitCode> {
  const printer = logPrinter(context);
  for await (const entries of readLog(context, path)) entries.forEach(printer.print);
  printer.end();
  return exitCodes.done;
}

async function followLog(context: CommandContext, path: DeploymentPath): Promise<ExitCode> {
  const printer = logPrinter(context);
  let exitCode: ExitCode = exitCodes.done;
  for await (const news of followDeployment(context, path)) {
    if (news.kind === 'status') exitCode = exitCodeOf(news.progress);
    else printer.print(news.entry);
  }
  printer.end();
  return exitCode;
}

export const logsCommand: Command = {
  summary: 'Prints or follows a build log.',
  more: 'Default: the newest deployment.',
  operands: ['[deployment]'],
  options: ['project', 'environment', 'follow'],
  optionHelp: { environment: 'the newest of this environment' },
  examples: [
    ['miaobu logs -f', 'follows the newest deployment; exits as it ends'],
    ['miaobu logs 3f2c1ab', 'the newest deployment of that commit'],
    ['miaobu logs --json', 'one JSON document per line'],
  ],
  async run(context, [named]) {
    const project = await projectHere(context);
    const { id } = await deploymentNamed(context, project, named);
    const path = { project: project.slug, deployment: id };
    return context.options.follow ? followLog(context, path) : printLog(context, path);
  },
};
