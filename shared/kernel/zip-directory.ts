/** A file as the central directory of a zip describes it. */
export interface ZipEntry {
  readonly name: string;
  /** Unix `st_mode`: type and permissions. 0 when another system created the zip. */
  readonly mode: number;
  readonly method: 'stored' | 'deflated';
  readonly crc32: number;
  readonly compressedBytes: number;
  readonly bytes: number;
  /** Offset of its local header. */
  readonly offset: number;
}

/** The zip is not one that all readers interpret alike. */
export class ZipError extends Error {
  override readonly name = 'ZipError';
}

const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_HEADER_BYTES = 30;
const ENCRYPTED = 1;
const UTF8_NAME = 1 << 11;
const UNIX = 3;
const ZIP64_FIELD = 0x0001;
/** Info-ZIP's alternative name of an entry, for readers that support it. */
const UNICODE_PATH_FIELD = 0x7075;
const METHODS: Readonly<Record<number, ZipEntry['method']>> = { 0: 'stored', 8: 'deflated' };

/** The maximum size of a zip's directory, in bytes at its end, for this many entries with names of this length. */
export const zipDirectoryBytes = (entries: number, nameBytes: number) =>
  END_BYTES + entries * (ENTRY_BYTES + nameBytes + 64);

function* extraFields(extra: Buffer): Generator<number> {
  for (let at = 0; at < extra.length; ) {
    if (at + 4 > extra.length) throw new ZipError('an entry has a broken extra field');
    yield extra.readUInt16LE(at);
    at += 4 + extra.readUInt16LE(at + 2);
    if (at > extra.length) throw new ZipError('an entry has a broken extra field');
  }
}

function nameOf(bytes: Buffer, flags: number): string {
  const isAscii = bytes.every((byte) => byte < 0x80);
  const name = bytes.toString('utf8');
  // Without the flag, non-ASCII letters are in whatever code page the reader assumes.
  if (!isAscii && ((flags & UTF8_NAME) === 0 || !Buffer.from(name).equals(bytes))) {
    throw new ZipError('the name of an entry is not UTF-8');
  }
  return name;
}

/**
 * Reads the central directory (APPNOTE.TXT 4.3.12, 4.3.16) at the end of an untrusted zip of `size` bytes, whose last bytes are `tail`.
 * Accepts only what is unambiguous: no comment, no Zip64, no encryption, no alternative names, one disk, and entries contiguous in front
 * of the directory. Throws `ZipError`. Does not check the entries' contents.
 */
export function readZipDirectory(tail: Buffer, size: number): ZipEntry[] {
  const end = tail.length - END_BYTES;
  if (end < 0 || tail.readUInt32LE(end) !== 0x06054b50)
    throw new ZipError('it is no zip, or has something behind its end');
  const count = tail.readUInt16LE(end + 10);
  const directoryBytes = tail.readUInt32LE(end + 12);
  const directoryOffset = tail.readUInt32LE(end + 16);
  if (count === 0xffff || directoryOffset === 0xffffffff) throw new ZipError('it is a Zip64');
  if (tail.readUInt32LE(end + 4) !== 0 || tail.readUInt16LE(end + 8) !== count)
    throw new ZipError('it has several parts');
  if (tail.readUInt16LE(end + 20) !== 0 || directoryOffset + directoryBytes + END_BYTES !== size) {
    throw new ZipError('its directory is not where it says');
  }
  if (directoryBytes > end) throw new ZipError('its directory is too long');

  const directory = tail.subarray(end - directoryBytes, end);
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    if (at + ENTRY_BYTES > directory.length || directory.readUInt32LE(at) !== 0x02014b50) {
      throw new ZipError('its directory is broken');
    }
    const flags = directory.readUInt16LE(at + 8);
    const nameBytes = directory.readUInt16LE(at + 28);
    const extraBytes = directory.readUInt16LE(at + 30);
    const next = at + ENTRY_BYTES + nameBytes + extraBytes + directory.readUInt16LE(at + 32);
    if (next > directory.length) throw new ZipError('its directory is broken');
    const nameAt = at + ENTRY_BYTES;
    const name = nameOf(directory.subarray(nameAt, nameAt + nameBytes), flags);
    const shown = JSON.stringify(name);
    if ((flags & ENCRYPTED) !== 0) throw new ZipError(`${shown} is encrypted`);
    const method = METHODS[directory.readUInt16LE(at + 10)];
    if (!method) throw new ZipError(`${shown} is compressed in an unknown way`);
    for (const field of extraFields(directory.subarray(nameAt + nameBytes, nameAt + nameBytes + extraBytes))) {
      if (field === ZIP64_FIELD || field === UNICODE_PATH_FIELD)
        throw new ZipError(`${shown} has a second size or name`);
    }
    const madeBy = directory.readUInt16LE(at + 4) >>> 8;
    entries.push({
      name,
      mode: madeBy === UNIX ? directory.readUInt32LE(at + 38) >>> 16 : 0,
      method,
      crc32: directory.readUInt32LE(at + 16),
      compressedBytes: directory.readUInt32LE(at + 20),
      bytes: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
    });
    at = next;
  }
  if (at !== directory.length) throw new ZipError('its directory is broken');
  assertApart(entries, directoryOffset);
  return entries;
}

/** A small zip whose entries overlap unpacks to a huge tree; so may what is hidden between entries. */
function assertApart(entries: readonly ZipEntry[], directoryOffset: number) {
  let free = 0;
  for (const { name, offset, compressedBytes } of [...entries].sort((a, b) => a.offset - b.offset)) {
    if (offset < free) throw new ZipError(`${JSON.stringify(name)} overlaps another entry`);
    free = offset + LOCAL_HEADER_BYTES + Buffer.byteLength(name) + compressedBytes;
  }
  if (free > directoryOffset) throw new ZipError('an entry overlaps the directory');
}
