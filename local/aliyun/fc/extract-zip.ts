import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { invalidArgument } from './fc-errors.ts';
import { readZip, type ZipEntry } from './read-zip.ts';

/**
 * Unpacks a code package into an existing, empty folder, with its permission bits and symbolic links. Throws
 * `InvalidArgument`, possibly after writing a part, for an archive that would write or link outside that folder.
 */
export async function extractZip(zip: Buffer, directory: string): Promise<void> {
  const entries = readZip(zip);
  const links = new Set(entries.filter((entry) => entry.kind === 'symlink').map((entry) => normalized(entry.name)));
  const madeDirectories = new Set<string>();
  const prepare = async (folder: string) => {
    if (madeDirectories.has(folder)) return;
    await mkdir(folder, { recursive: true });
    madeDirectories.add(folder);
  };
  // Links come last: while files are written, no link exists yet that could redirect a path.
  const inOrder = [...entries].sort((a, b) => Number(a.kind === 'symlink') - Number(b.kind === 'symlink'));
  for (const entry of inOrder) {
    const name = normalized(entry.name);
    if (ancestors(name).some((ancestor) => links.has(ancestor)))
      throw invalidArgument(`the code package writes through a symbolic link: ${entry.name}`);
    const target = path.join(directory, name);
    if (entry.kind === 'directory') {
      await prepare(target);
      continue;
    }
    await prepare(path.dirname(target));
    if (entry.kind === 'symlink') {
      await symlink(await linkTarget(entry, name), target);
    } else {
      await writeFile(target, await entry.read());
      // Separate from writing, because the mode given there is narrowed by the umask.
      await chmod(target, entry.mode);
    }
  }
}

/** A relative path without `.`, `..` or a trailing slash; anything that leaves the folder is refused ("zip slip"). */
function normalized(name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (name.startsWith('/') || name.includes('\\') || name.includes('\0') || parts.includes('..'))
    throw invalidArgument(`the code package has a path outside its own folder: ${name}`);
  return parts.join('/');
}

function ancestors(name: string): string[] {
  const parts = name.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** `..` is allowed only at the beginning of a link: after another link it would climb from somewhere else. */
async function linkTarget(entry: ZipEntry, name: string): Promise<string> {
  const target = (await entry.read()).toString();
  const parts = target.split('/');
  const climbs = parts.findIndex((part) => part !== '..');
  const depth = name.split('/').length - 1;
  const up = climbs === -1 ? parts.length : climbs;
  if (target === '' || target.startsWith('/') || up > depth || parts.slice(up).includes('..'))
    throw invalidArgument(`the code package has a symbolic link to outside its own folder: ${entry.name} → ${target}`);
  return target;
}
