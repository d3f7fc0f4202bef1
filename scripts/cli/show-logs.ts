import { CliError, exitCodes } from './cli-error.ts';
import type { Command, CommandContext } from './command.ts';
import { type DeploymentPath, followDeployment, type LogEntry, readLog } from './follow-deployment.ts';
import { printableText } from './printable-text.ts';
import { exitCodeOf } from './show-progress.ts';
import { splitLines } from './split-lines.ts';

/** Prints entries as they come, line by line; `end` prints a last line that has no end. */
function logPrinter({ terminal }: CommandContext) {
  const lines = splitLines();
  let attempt: number | undefined;
  const show = (line: string) => terminal.line(printableText(line, { keepColours: terminal.colours }));
  return {
    print(entry: LogEntry) {
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

async function newestDeployment({ client }: CommandContext, project: string): Promise<string> {
  const [latest] = (await client('listDeployments', { params: { project }, query: { limit: 1 } })).data;
  if (!latest) throw new CliError(exitCodes.refused, `${project} has no deployments yet.`);
  return latest.id;
}

async function printLog(context: CommandContext, path: DeploymentPath) {
  const entries: LogEntry[] = [];
  const printer = logPrinter(context);
  for await (const page of readLog(context.client, path)) {
    if (context.options.json) entries.push(...page.entries);
    else page.entries.forEach(printer.print);
  }
  if (context.options.json) context.terminal.json(entries);
  else printer.end();
  return exitCodes.done;
}

async function followLog(context: CommandContext, path: DeploymentPath) {
  const printer = logPrinter(context);
  let exitCode: ReturnType<typeof exitCodeOf> = exitCodes.done;
  for await (const news of followDeployment(context.client, path)) {
    if (news.kind === 'status') exitCode = exitCodeOf(news.deployment);
    // Entry by entry: nobody can wait for the end of a list that is still growing.
    else if (context.options.json) context.terminal.line(JSON.stringify(news.entry));
    else printer.print(news.entry);
  }
  printer.end();
  return exitCode;
}

export const showLogs: Command = {
  summary: 'Prints the build log of a deployment; without one, of the newest.',
  operands: ['<project>', '[deployment]'],
  options: ['follow'],
  async run(context, [project = '', deployment]) {
    const path = { project, deployment: deployment ?? (await newestDeployment(context, project)) };
    return context.options.follow ? followLog(context, path) : printLog(context, path);
  },
};
