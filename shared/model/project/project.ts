import type { BuildSettings } from '../../contracts/build-job.ts';

/** A project as the database holds it. */
export interface Project extends ProjectSettings {
  readonly id: string;
  readonly userId: string;
  readonly slug: string;
  readonly name: string;
  readonly githubRepositoryId: number;
  readonly repository: string;
  readonly webhookSecretSealed: string;
  /** Counts the rotations of the webhook secret, from 1. */
  readonly webhookSecretVersion: number;
  /** The secret before it, in the same context, and until when deliveries signed with it are accepted; null when they are not. */
  readonly previousWebhookSecretSealed: string | null;
  readonly previousWebhookSecretUntil: Date | null;
  readonly githubHookId: number | null;
  /** When the code host was last given the current secret; null: as far as is known it has an earlier one, or none. */
  readonly githubHookToldAt: Date | null;
  /** Pushes that change nothing matching are not deployed: patterns (`matchesPathPattern`); null: the root directory. */
  readonly watchPaths: readonly string[] | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface ProjectSettings {
  readonly rootDirectory: string;
  readonly installCommand: string | null;
  readonly buildCommand: string | null;
  readonly outputDirectory: string | null;
  readonly startCommand: string | null;
  readonly runtime: BuildSettings['runtime'];
  readonly nodeVersion: string | null;
  readonly spa: boolean | null;
}

/** The settings as passed to the builder and kept by a deployment. */
export const buildSettingsOf = (project: ProjectSettings): BuildSettings => ({
  root_directory: project.rootDirectory,
  install_command: project.installCommand,
  build_command: project.buildCommand,
  output_directory: project.outputDirectory,
  start_command: project.startCommand,
  runtime: project.runtime,
  node_version: project.nodeVersion,
  spa: project.spa,
});

/** The sealing context of a project's webhook secret. */
export const webhookSecretContext = (projectId: string) => `project:${projectId}:webhook-secret`;

/** The sealing context of a variable's value. */
export const variableContext = (projectId: string, environment: string, key: string) =>
  `project:${projectId}:${environment}:variable:${key}`;
