import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A file by its content; with `link` a symbolic link. */
export type TreeEntry = string | Buffer | { readonly link: string } | { readonly program: string };
export type Tree = Readonly<Record<string, TreeEntry>>;

/** A folder of files for a test, by their paths. */
export function fileTree(tree: Tree = {}) {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'file-tree-')));
  const write = (more: Tree) => {
    for (const [name, entry] of Object.entries(more)) {
      const file = path.join(folder, name);
      mkdirSync(path.dirname(file), { recursive: true });
      if (typeof entry === 'string' || Buffer.isBuffer(entry)) writeFileSync(file, entry);
      else if ('link' in entry) symlinkSync(entry.link, file);
      else {
        writeFileSync(file, entry.program);
        chmodSync(file, 0o755);
      }
    }
  };
  write(tree);
  return { folder, write, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}
