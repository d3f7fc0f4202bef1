import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Artifacts } from './build-artifacts.ts';

/** Puts the packages of functions into a folder as `code` in s.yaml names them, and the layer beside them. */
export async function writePackages(
  directory: string,
  { functions, layer }: Pick<Artifacts, 'functions' | 'layer'>,
): Promise<void> {
  await mkdir(path.join(directory, 'functions'), { recursive: true });
  const packages = [...functions].map(([folder, zip]) => [`functions/${folder}.zip`, zip] as const);
  await Promise.all(
    [...packages, ['layer.zip', layer] as const].map(([name, zip]) => writeFile(path.join(directory, name), zip)),
  );
}
