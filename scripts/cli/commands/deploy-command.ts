import { CliError, exitCodes } from '../cli-error.ts';
import type { Command, CommandContext } from '../command.ts';
import { deployFolder } from '../deploy-folder.ts';
import { commitHere } from '../git-here.ts';
import { shortSha } from '../printing/deployment-words.ts';
import { printableText, shortened } from '../printing/printable-text.ts';
import { awaitDeployment } from '../printing/show-progress.ts';
import { projectHere } from '../project-here.ts';

const MESSAGE_WIDTH = 60;
const WHOLE = /^[0-9a-f]{40}$/;

async function wholeCommit({ world }: CommandContext, named: string): Promise<string> {
  const found = WHOLE.test(named) ? named : await commitHere(world, named);
  if (found !== undefined && WHOLE.test(found)) return found;
  throw new CliError(
    exitCodes.usage,
    `git finds no commit "${printableText(named)}" in this folder; give its full id.`,
  );
}

export const deployCommand: Command = {
  summary: 'Deploys the head of a branch, a commit, or a folder.',
  more: 'Deploys what is on GitHub, so push first. A folder is uploaded as it is, without a build. Waits until the deployment is live.',
  operands: ['[folder]'],
  options: ['project', 'branch', 'commit', 'environment', 'message', 'no-wait'],
  optionHelp: {
    branch: 'the branch to deploy; default: the branch of the environment',
    environment: 'default: the one that follows the branch, or production',
    message: 'what the folder is, for the list of deployments',
  },
  examples: [
    ['miaobu deploy', 'the head of the production branch'],
    ['miaobu deploy ./dist', 'a site you have built already'],
    ['miaobu deploy --branch next --environment staging', 'a branch, to staging'],
    ['miaobu deploy --commit HEAD~1', 'a commit, written in any way git understands'],
    ['miaobu deploy --json --no-wait', 'the deployment as JSON, as soon as it is queued'],
  ],
  async run(context, [folder]) {
    const { client, terminal, options } = context;
    const { branch, commit, environment, message } = options;
    if (folder !== undefined) {
      if (branch === undefined && commit === undefined) return deployFolder(context, folder);
      throw new CliError(exitCodes.usage, 'Name a folder, a branch or a commit, not more than one of them.');
    }
    if (message !== undefined) throw new CliError(exitCodes.usage, '--message is for folders; commits have their own.');
    if (branch !== undefined && commit !== undefined) {
      throw new CliError(exitCodes.usage, 'Name a branch or a commit, not both.');
    }
    const project = await projectHere(context);
    const commit_sha = commit === undefined ? undefined : await wholeCommit(context, commit);
    const params = { project: project.slug };
    const { data: begun } = await client('createDeployment', { params, body: { environment, branch, commit_sha } });
    if (!options.json) {
      const what = `${shortSha(begun.commit_sha)} ${shortened(begun.commit_message ?? '', MESSAGE_WIDTH)}`.trim();
      terminal.line(`Deploying ${what} to ${begun.environment} of ${terminal.paint('bold', project.slug)}.`);
    }
    return awaitDeployment(context, project, begun);
  },
};
