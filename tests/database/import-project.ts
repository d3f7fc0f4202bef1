import { randomBytes } from 'node:crypto';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Sealer } from '@miaobu/shared/kernel/seal';
import type { Environment } from '@miaobu/shared/model/environment/environment-repository';
import { type Project, webhookSecretContext } from '@miaobu/shared/model/project/project';
import type { Store } from '@miaobu/shared/model/repositories';

export interface ImportedProject {
  readonly project: Project;
  readonly production: Environment;
  /** The last part of its webhook's URL. */
  readonly hook: string;
  readonly webhookSecret: string;
}

/** A user's project with a production environment that follows a branch, made by the repositories. */
export async function importProject(
  { store, sealer }: { readonly store: Store; readonly sealer: Sealer },
  options: {
    readonly slug: string;
    readonly githubRepositoryId?: number;
    readonly branch?: string;
    /** Default: the user `you`. */
    readonly owner?: { readonly id: string };
  },
): Promise<ImportedProject> {
  const user = options.owner ?? (await store.accounts.upsertUser({ githubId: 101, githubLogin: 'you' }));
  const id = await store.projects.newId();
  const webhookSecret = randomBytes(24).toString('base64url');
  const project = await store.projects.insert({
    id,
    userId: user.id,
    slug: options.slug,
    name: options.slug,
    githubRepositoryId: options.githubRepositoryId ?? 1,
    repository: `you/${options.slug}`,
    rootDirectory: '',
    installCommand: null,
    buildCommand: null,
    outputDirectory: null,
    startCommand: null,
    runtime: null,
    nodeVersion: null,
    spa: null,
    webhookSecretSealed: await sealer.seal(webhookSecret, { project: id, context: webhookSecretContext(id) }),
  });
  const production = await store.environments.insert({
    projectId: id,
    name: 'production',
    branch: options.branch ?? 'main',
  });
  return { project, production, hook: showId('project', id), webhookSecret };
}
