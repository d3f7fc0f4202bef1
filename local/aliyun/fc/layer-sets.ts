import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { copyFile, link, mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { exists, moveIntoPlace } from './code-store.ts';

/** What one layer puts under `/opt`: an unpacked folder, or links to programs of this machine (official layers). */
export type LayerContent =
  | { readonly kind: 'directory'; readonly directory: string }
  | { readonly kind: 'links'; readonly links: Readonly<Record<string, string>> };

export interface LayerSets {
  /** The folder that stands for `/opt` of a function with these layers. Where two have the same file, the first wins. */
  merge(layers: readonly LayerContent[]): Promise<string>;
}

/**
 * Merged layers, one folder per list of layers, under `directory`, which is emptied first. Files are hard links: a
 * symbolic one would lead `require` out of the merged folder, where other layers' modules are missing.
 */
export function createLayerSets(directory: string): LayerSets {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  return {
    async merge(layers) {
      const merged = path.join(directory, createHash('sha256').update(JSON.stringify(layers)).digest('hex'));
      if (await exists(merged)) return merged;
      const unfinished = path.join(directory, `unfinished-${randomUUID()}`);
      try {
        await mkdir(unfinished);
        for (const layer of layers) {
          if (layer.kind === 'directory') await linkTree(layer.directory, unfinished);
          else await placeLinks(layer.links, unfinished);
        }
        await moveIntoPlace(unfinished, merged);
      } finally {
        await rm(unfinished, { recursive: true, force: true });
      }
      return merged;
    },
  };
}

async function placeLinks(links: Readonly<Record<string, string>>, into: string): Promise<void> {
  for (const [name, target] of Object.entries(links)) {
    const place = path.join(into, name);
    await mkdir(path.dirname(place), { recursive: true });
    await keepingFirst(() => symlink(target, place));
  }
}

async function linkTree(from: string, into: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = path.join(from, entry.name);
    const place = path.join(into, entry.name);
    if (entry.isDirectory()) {
      await keepingFirst(() => mkdir(place));
      await linkTree(source, place);
    } else if (entry.isSymbolicLink()) {
      await keepingFirst(async () => symlink(await readlink(source), place));
    } else {
      await keepingFirst(() => linkOrCopy(source, place));
    }
  }
}

async function linkOrCopy(source: string, place: string): Promise<void> {
  try {
    await link(source, place);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await copyFile(source, place);
  }
}

/** `ENOTDIR`: an earlier layer has a file where this one has a folder. */
async function keepingFirst(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST' && code !== 'ENOTDIR') throw error;
  }
}
