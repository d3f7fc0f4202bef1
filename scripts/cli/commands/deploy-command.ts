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
  throw new CliError(exitCodes.usage, `This folder knows no commit "${printableText(named)}"; give its whole id.`);
}

export const deployCommand: Command = {
  summary: 'Deploys the head of a branch, a commit, or a folder.',
  more: 'What GitHub has of a branch or commit, that is: push first. A folder of this machine is uploaded as it is, without a build, and shown until the next push. Follows the deployment until it is live.',
  operands: ['[folder]'],
  options: ['project', 'branch', 'commit', 'environment', 'message', 'no-wait'],
  optionHelp: {
    branch: 'whose head; default: the branch of the environment',
    environment: 'default: the one that follows the branch, else production',
    message: 'what the folder is, for the list of deployments',
  },
  examples: [
    ['miaobu deploy', 'the head of the production branch, as it was pushed'],
    ['miaobu deploy ./dist', 'a site that is built already'],
    ['miaobu deploy --branch next --environment staging', ''],
    ['miaobu deploy --commit HEAD~1', 'a commit, in any way that git here understands'],
    ['miaobu deploy --json --no-wait', 'the deployment as JSON, as soon as it is queued'],
  ],
  async run(context, [folder]) {
    const { client, terminal, options } = context;
    const { branch, commit, environment, message } = options;
    if (folder !== undefined) {
      if (branch === undefined && commit === undefined) return deployFolder(context, folder);
      throw new CliError(exitCodes.usage, 'A folder is of no branch and no commit; name one of the three.');
    }
    if (message !== undefined) throw new CliError(exitCodes.usage, '--message is for a folder; a commit has its own.');
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
