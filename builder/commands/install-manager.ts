import type { ChosenManager } from '@miaobu/shared/kernel/detect/choose-manager';
import { BuildFailure } from '../build-failure.ts';

/** The command that gets a package manager, which this machine lacks, from npm into `folder`. */
export function installManager({ manager, version }: ChosenManager, folder: string): string {
  const { fromNpm, title } = manager;
  if (!fromNpm) {
    throw new BuildFailure(
      'install_failed',
      `This project needs ${title}, which this runner does not have. Use npm, pnpm or Yarn 1, or set an install and a build command of your own in the project's settings.`,
    );
  }
  const wanted = version !== undefined && /^[\w.-]+$/.test(version) ? version : fromNpm.version;
  return `npm install --prefix "${folder}" --no-save ${fromNpm.name}@${wanted}`;
}
