import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { repositoryRoot } from '../../layers/emit-settings.ts';
import type { Artifacts } from './build-artifacts.ts';

/** Puts the packages where s.yaml's `code` says that Serverless Devs finds them, and the layer beside them. */
export async function writeArtifacts(artifacts: Pick<Artifacts, 'functions' | 'layer'>): Promise<void> {
  const dist = path.join(repositoryRoot, 'dist');
  await mkdir(path.join(dist, 'functions'), { recursive: true });
  const packages = [...artifacts.functions].map(([folder, zip]) => [`functions/${folder}.zip`, zip] as const);
  await Promise.all(
    [...packages, ['layer.zip', artifacts.layer] as const].map(([name, zip]) => writeFile(path.join(dist, name), zip)),
  );
}
