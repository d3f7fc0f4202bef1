import type { BuildJob } from '@miaobu/shared/contracts/build-job';
import type { DetectedBuild } from '@miaobu/shared/kernel/detect/detect-build';
import { keptPrograms } from '../cache/cache-place.ts';
import { installFingerprint } from '../cache/install-fingerprint.ts';
import { type CachePlace, NO_CACHE, openPackageCache, type PackageCache } from '../cache/package-cache.ts';
import { storeKindOf, withPip } from '../cache/store-variables.ts';
import type { LogShipper } from '../log/log-shipper.ts';
import type { Workspace } from '../source/workspace.ts';
import { runnerVariables } from './build-environment.ts';
import type { BuildUser } from './build-user.ts';
import type { PackageSource } from './fetch-package.ts';
import { managerSettings } from './manager-settings.ts';
import { provideManager } from './provide-manager.ts';
import { provideNode, provideOwnNode } from './provide-node.ts';

export interface Tooling {
  readonly plan: DetectedBuild;
  /** The project's root directory. */
  readonly folder: string;
  readonly job: Pick<BuildJob, 'settings'>;
  readonly cache: CachePlace | undefined;
  readonly workspace: Workspace;
  readonly user: BuildUser | undefined;
  readonly log: Pick<LogShipper, 'line'>;
  readonly signal: AbortSignal;
  /** The runner's own environment. */
  readonly runner: NodeJS.ProcessEnv;
}

export interface PreparedTools {
  readonly cache: PackageCache;
  /** Variables for the build's commands, in addition to its own. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Puts the build's tools on its PATH, before any of its own commands runs, and opens its package cache. */
export async function prepareTools(tooling: Tooling): Promise<PreparedTools> {
  const { plan, folder, job, workspace, log, signal, runner } = tooling;
  const { programs, source } = workspace;
  await provideOwnNode(workspace);
  const environment = await runnerVariables(runner, workspace);
  const packages: PackageSource = {
    environment,
    workFolder: workspace.folder,
    kept: keptPrograms(runner),
    signal,
  };
  const asked = job.settings.node_version ?? plan.nodeVersion;
  const say = (line: string) => log.line(line);
  await provideNode({ asked, programs, toolCache: runner.RUNNER_TOOL_CACHE, source: packages, say });
  if (plan.manager) await provideManager({ chosen: plan.manager, source, folder, programs, packages, say });
  const cache = await cacheOf(tooling);
  return { cache, variables: { ...managerSettings(plan.manager?.manager, environment), ...cache.variables } };
}

async function cacheOf({ plan, folder, cache, workspace, user, log, signal }: Tooling): Promise<PackageCache> {
  const { install, manager } = plan;
  if (install.kind === 'none') return NO_CACHE;
  const ofManager = storeKindOf(manager?.manager, install.kind === 'command' ? install.command : undefined);
  const kind = plan.python && install.kind === 'managed' ? withPip(ofManager) : ofManager;
  if (!cache || !kind) return NO_CACHE;
  const by = `${kind.name} ${manager?.version ?? ''} ${install.kind === 'command' ? install.command : ''}`;
  const fingerprint = await installFingerprint({ source: workspace.source, folder, by });
  return openPackageCache({ place: cache, kind, fingerprint, workFolder: workspace.folder, user, log, signal });
}
