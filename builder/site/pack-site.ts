import path from 'node:path';
import type { DetectedBuild } from '@miaobu/shared/kernel/detect/detect-build';
import type { BuildUser } from '../commands/build-user.ts';
import type { Artifact } from '../upload/artifact.ts';
import { collectOutput } from './collect-output.ts';
import { findOutput } from './find-output.ts';
import { siteArtifact } from './site-artifact.ts';

/** What a build has left in the project's root directory `folder`, as a static site. */
export async function packSite({
  plan,
  folder,
  user,
  spa,
  say,
  workFolder,
  signal,
}: {
  plan: Pick<DetectedBuild, 'outputs' | 'hint' | 'maySpa'>;
  folder: string;
  /** Who built it. */
  user: BuildUser | undefined;
  /** The project's setting. */
  spa: boolean | null;
  say: (line: string) => void;
  /** A folder for the results until they are uploaded; the build cannot write there. */
  workFolder: string;
  signal: AbortSignal;
}): Promise<Artifact> {
  const output = await findOutput(folder, plan);
  const collected = await collectOutput({ folder: output, root: folder, isProjectRoot: output === folder, user });
  return siteArtifact(collected, {
    spa,
    maySpa: plan.maySpa,
    say,
    twinsFile: path.join(workFolder, 'twins'),
    signal,
  });
}
