import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { BuildFailure, errorCode } from '../../builder/build-failure.ts';
import { Unavailable } from '../../builder/protocol/http-request.ts';
import { PlatformRefusal } from '../../builder/protocol/platform-client.ts';
import { type Collected, collectOutput } from '../../builder/site/collect-output.ts';
import { uploadFolder } from '../../builder/upload/upload-folder.ts';
import { CliError, type ExitCode, exitCodes } from './cli-error.ts';
import type { CommandContext } from './command.ts';
import { onInterrupt } from './on-interrupt.ts';
import { printableText } from './printing/printable-text.ts';
import { awaitDeployment } from './printing/show-progress.ts';
import { projectHere } from './project-here.ts';

/** The folder's files, by the rules of what a build leaves behind. Nothing is asked of the platform before they are known to be fit. */
async function filesOf(named: string, from: string): Promise<Collected> {
  try {
    const folder = await realpath(path.resolve(from, named));
    return await collectOutput({ folder, isProjectRoot: true, user: undefined });
  } catch (error) {
    if (error instanceof BuildFailure) throw new CliError(exitCodes.failed, printableText(error.message));
    const code = errorCode(error);
    if (code === undefined) throw error;
    const why = code === 'ENOTDIR' ? 'it is not a folder' : code === 'ENOENT' ? 'it does not exist' : code;
    throw new CliError(exitCodes.usage, `Cannot deploy ${printableText(named)}: ${why}.`);
  }
}

const uploadStopped = (id: string, error: Error) =>
  new CliError(
    error instanceof Unavailable ? exitCodes.unreachable : exitCodes.failed,
    `The upload of ${id} was not completed: ${printableText(error.message)}. Run the same command again.`,
  );

const interrupted = (id: string, slug: string) =>
  `\nThe upload of ${id} was interrupted. It does not go live, and fails by itself within minutes; to end it now: miaobu cancel ${id} --project ${slug}`;

/** Uploads a local folder as a deployment of the project, as it is, and follows it until it is live. */
export async function deployFolder(context: CommandContext, named: string): Promise<ExitCode> {
  const { client, terminal, notes, options, world } = context;
  const collected = await filesOf(named, world.folder);
  const project = await projectHere(context);
  if (!collected.files.some((file) => file.path === 'index.html')) {
    notes.line(`There is no index.html in ${printableText(named)}: the home page will answer 404.`);
  }
  const params = { project: project.slug };
  const body = { environment: options.environment, message: options.message };
  const { data: begun } = await client('createPrebuiltDeployment', { params, body });
  const { deployment, upload } = begun;
  const takeBack = onInterrupt(() => notes.line(interrupted(deployment.id, project.slug)));
  if (!options.json) {
    const count = collected.files.length;
    const what = `${count} ${count === 1 ? 'file' : 'files'} to ${deployment.environment}`;
    terminal.line(`Deploying ${what} of ${terminal.paint('bold', project.slug)}.`);
  }
  const say = (line: string) => terminal.passing(`  … ${printableText(line)}`);
  try {
    await uploadFolder({ inputs: { ...upload, deployment_id: deployment.id }, collected, say });
  } catch (error) {
    if (error instanceof Unavailable || error instanceof PlatformRefusal) throw uploadStopped(deployment.id, error);
    throw error;
  } finally {
    takeBack();
  }
  // What went wrong meanwhile, the platform knows.
  const { data: uploaded } = await client('getDeployment', { params: { ...params, deployment: deployment.id } });
  return awaitDeployment(context, project, uploaded);
}
