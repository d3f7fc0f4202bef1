import { gzipSync } from 'node:zlib';
import { Header } from 'tar';

/** One entry of a source archive, its path below the top folder. */
export interface ArchiveEntry {
  readonly path: string;
  readonly content?: string | Buffer;
  readonly link?: string;
  readonly type?: 'File' | 'SymbolicLink' | 'Link' | 'Directory' | 'CharacterDevice' | 'FIFO';
  readonly mode?: number;
  /** The path is used as it is, without the top folder. */
  readonly verbatim?: boolean;
}

const BLOCK = 512;

/** A tar.gz as a code host makes it: one top folder. It writes whatever it is given, hostile entries too. */
export function archiveOf(entries: readonly ArchiveEntry[]): Buffer {
  const blocks: Buffer[] = [];
  for (const {
    path,
    content = '',
    link,
    type = link === undefined ? 'File' : 'SymbolicLink',
    mode,
    verbatim,
  } of entries) {
    const bytes = Buffer.from(content);
    const header = new Header({
      path: verbatim ? path : `acme-site-0123456/${path}`,
      type,
      mode: mode ?? 0o644,
      size: type === 'File' ? bytes.length : 0,
      mtime: new Date(0),
      uid: 0,
      gid: 0,
      ...(link === undefined ? {} : { linkpath: link }),
    });
    const block = Buffer.alloc(BLOCK);
    header.encode(block);
    blocks.push(block);
    if (type === 'File') blocks.push(bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK));
  }
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]));
}

/** The archive of plain files, by path. */
export const archiveOfFiles = (files: Readonly<Record<string, string | Buffer>>) =>
  archiveOf(Object.entries(files).map(([path, content]) => ({ path, content })));
