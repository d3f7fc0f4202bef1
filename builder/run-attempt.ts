import path from 'node:path';
import type { BuildInputs, BuildJob } from '@miaobu/shared/contracts/build-job';
import { randomToken } from '@miaobu/shared/kernel/ids';
import { AttemptOver, BuildFailure } from './build-failure.ts';
import { cachePlaceOf } from './cache/cache-place.ts';
import type { CachePlace } from './cache/package-cache.ts';
import { detectProject } from './detect-project.ts';
import { failureReport } from './failure-report.ts';
import { createLogShipper, type LogShipper } from './log/log-shipper.ts';
import { isTooShort } from './log/secret-forms.ts';
import { type Report, startReporting } from './protocol/heartbeat.ts';
import type { PlatformClient } from './protocol/platform-client.ts';
import { foldersIn } from './site/find-output.ts';
import { packSite } from './site/pack-site.ts';
import { fetchSource } from './source/fetch-source.ts';
import { findFolderInside } from './source/folder-inside.ts';
import { createWorkspace, type Workspace } from './source/workspace.ts';
import { uploadArtifact } from './upload/upload-artifact.ts';

/** `over`: the platform needed nothing more from this run. */
export type Outcome = 'uploaded' | 'failed' | 'over';

/** A machine that is shutting down does not wait long. */
const LAST_WORDS_MS = 3_000;

async function findRootDirectory(source: string, name: string): Promise<string> {
  const found = await findFolderInside(source, name.trim() || '.');
  if (found.kind === 'found') return found.path;
  const shown = JSON.stringify(name);
  throw new BuildFailure(
    'root_directory_missing',
    found.kind === 'outside'
      ? `The root directory ${shown} is outside of the repository.`
      : `The repository has no folder ${shown}, the project's root directory. ${await foldersIn(source)}`,
  );
}

/** The root directory after the build, which owned it, and may have put a link in its place. */
async function findBuiltDirectory(source: string, folder: string): Promise<string> {
  const found = await findFolderInside(source, path.relative(source, folder));
  if (found.kind === 'found') return found.path;
  throw new BuildFailure(
    'output_missing',
    found.kind === 'outside'
      ? 'The build has put a link out of the repository in the place of its root directory.'
      : 'The build has removed its root directory.',
  );
}

interface Phases {
  readonly job: BuildJob;
  readonly cache: CachePlace | undefined;
  readonly client: PlatformClient;
  readonly workspace: Workspace;
  readonly log: LogShipper;
  readonly signal: AbortSignal;
  readonly runner: NodeJS.ProcessEnv;
  readonly reportBuilding: () => Promise<void>;
}

/** Fetch, build, publish; returns the last report, or throws what ended it. */
async function runPhases({
  job,
  cache,
  client,
  workspace,
  log,
  signal,
  runner,
  reportBuilding,
}: Phases): Promise<Report> {
  log.line(`Cloning ${job.repository} (branch ${job.branch}, commit ${job.commit_sha.slice(0, 7)})`);
  const cloning = Date.now();
  const count = await fetchSource(job.source_url, workspace, signal);
  log.line(`Cloned ${count} files in ${((Date.now() - cloning) / 1000).toFixed(1)} s`);

  const told = reportBuilding();
  const folder = await findRootDirectory(workspace.source, job.settings.root_directory);
  const plan = await detectProject({ folder, source: workspace.source, settings: job.settings });
  log.line(`Detected: ${plan.title}`);
  // What only some builds need is loaded on demand: this program is started for every build.
  const runsCommands = plan.build !== undefined || plan.install.kind !== 'none';
  const mark = randomToken(12);
  const built = runsCommands
    ? await (await import('./commands/build-site.ts')).buildSite({
        plan,
        folder,
        job,
        cache,
        workspace,
        log,
        signal,
        mark,
        runner,
      })
    : { seconds: 0, user: undefined };

  const { user } = built;
  const left = await findBuiltDirectory(workspace.source, folder);
  const artifact = plan.server
    ? await (await import('./app/pack-app.ts')).packApp({
        ...{ folder: left, user, server: plan.server, source: workspace.source, say: log.line, signal },
        target: path.join(workspace.folder, 'package.zip'),
      })
    : await packSite({
        plan,
        folder: left,
        user,
        spa: job.settings.spa,
        say: log.line,
        workFolder: workspace.folder,
        signal,
      });

  await told;
  signal.throwIfAborted();
  const publishing = Date.now();
  const publication = await client.publication(job.token, { signal });
  log.hide([publication.token]);
  const manifest = await uploadArtifact({ artifact, client, token: publication.token, log, signal });
  log.line(`Uploaded in ${((Date.now() - publishing) / 1000).toFixed(1)} s`);
  return {
    kind: 'uploaded',
    manifest_sha256: manifest.sha256,
    manifest_bytes: manifest.bytes,
    build_seconds: built.seconds,
  };
}

/** One attempt, from the redeemed job to its last report. `run` is aborted from outside to stop it. */
export async function runAttempt({
  inputs,
  job,
  client,
  run,
  runner,
}: {
  inputs: BuildInputs;
  job: BuildJob;
  client: PlatformClient;
  run: AbortController;
  /** The runner's own environment. */
  runner: NodeJS.ProcessEnv;
}): Promise<Outcome> {
  const { signal } = run;
  const end = (reason: Error) => run.abort(reason);
  const log = createLogShipper({ client, token: job.token, limitBytes: job.limits.log_bytes, over: end });
  const secrets = Object.entries(job.environment).filter(([name]) => !job.plain_variables.includes(name));
  log.hide([inputs.ticket, job.token, job.cache_key, job.source_url, ...secrets.map(([, value]) => value)]);
  for (const [name, value] of secrets) {
    if (isTooShort(value))
      log.line(`Note: the value of ${name} is shown where it is printed: it is too short to be hidden.`);
  }
  const reporter = startReporting({ client, token: job.token, signal, end });
  const workspace = await createWorkspace();
  try {
    const report = await runPhases({
      job,
      cache: cachePlaceOf(runner, inputs, job),
      client,
      workspace,
      log,
      signal,
      runner,
      reportBuilding: () => reporter.building(),
    });
    await log.close();
    signal.throwIfAborted();
    await reporter.conclude(report);
    return 'uploaded';
  } catch (error) {
    if (error instanceof AttemptOver) {
      log.abandon();
      return 'over';
    }
    const report = failureReport(error, log);
    log.line(`Error: ${report.message.split('\n', 1)[0]}`);
    if (report.code === 'cancelled') {
      const giveUp = setTimeout(() => log.abandon(), LAST_WORDS_MS);
      await log.close();
      clearTimeout(giveUp);
      await reporter.conclude(report, { forMs: LAST_WORDS_MS });
    } else {
      await log.close();
      await reporter.conclude(report);
    }
    return 'failed';
  } finally {
    reporter.stop();
    await workspace.remove();
  }
}
