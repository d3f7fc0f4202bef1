import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';
import { invalidArgument } from './fc-errors.ts';

/** One entry of a zip's central directory. */
export interface ZipEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'symlink';
  /** Permission bits; those of a file that anyone may read where the archive was not made on Unix. */
  readonly mode: number;
  read(): Promise<Buffer>;
}

const inflate = promisify(inflateRaw);
const END = 0x06054b50;
const END_64 = 0x06064b50;
const END_64_LOCATOR = 0x07064b50;
const CENTRAL = 0x02014b50;
const MADE_ON_UNIX = 3;
const FILE_TYPE = 0o170000;
const SYMLINK = 0o120000;

const broken = (why: string) => invalidArgument(`the code package is not a valid zip file: ${why}`);

/**
 * The entries of a zip with the Unix modes FC keeps, which `fflate` does not give. Throws `InvalidArgument` for what is
 * not a zip, or is encrypted or damaged. Layout: PKWARE's APPNOTE.TXT §4.3; the 64-bit end record is read as well, for
 * packages of more than 65,535 files.
 */
export function readZip(zip: Buffer): ZipEntry[] {
  try {
    return readCentralDirectory(zip);
  } catch (error) {
    if (error instanceof RangeError) throw broken('it is cut short');
    throw error;
  }
}

function readCentralDirectory(zip: Buffer): ZipEntry[] {
  const end = findEnd(zip);
  let count = zip.readUInt16LE(end + 10);
  let offset = zip.readUInt32LE(end + 16);
  if (end >= 20 && zip.readUInt32LE(end - 20) === END_64_LOCATOR) {
    const end64 = Number(zip.readBigUInt64LE(end - 20 + 8));
    if (zip.readUInt32LE(end64) !== END_64) throw broken('its 64-bit end record is missing');
    count = Number(zip.readBigUInt64LE(end64 + 32));
    offset = Number(zip.readBigUInt64LE(end64 + 48));
  }
  const entries: ZipEntry[] = [];
  for (let index = 0; index < count; index += 1) {
    if (zip.readUInt32LE(offset) !== CENTRAL) throw broken('its directory is damaged');
    const nameLength = zip.readUInt16LE(offset + 28);
    const next = offset + 46 + nameLength + zip.readUInt16LE(offset + 30) + zip.readUInt16LE(offset + 32);
    if (next > zip.length) throw broken('it is cut short');
    entries.push(readEntry(zip, offset, zip.toString('utf8', offset + 46, offset + 46 + nameLength)));
    offset = next;
  }
  return entries;
}

/** The end record is the last thing in the file, before a comment of at most 65,535 bytes. */
function findEnd(zip: Buffer): number {
  for (let at = zip.length - 22; at >= Math.max(0, zip.length - 22 - 0xffff); at -= 1) {
    if (zip.readUInt32LE(at) === END) return at;
  }
  throw broken('it has no end record');
}

function readEntry(zip: Buffer, offset: number, name: string): ZipEntry {
  const unixMode = zip.readUInt16LE(offset + 4) >> 8 === MADE_ON_UNIX ? zip.readUInt32LE(offset + 38) >>> 16 : 0;
  const flags = zip.readUInt16LE(offset + 8);
  const method = zip.readUInt16LE(offset + 10);
  const checksum = zip.readUInt32LE(offset + 16);
  const packedSize = zip.readUInt32LE(offset + 20);
  const size = zip.readUInt32LE(offset + 24);
  const local = zip.readUInt32LE(offset + 42);
  if (flags & 1) throw broken(`${name} is encrypted`);
  if (method !== 0 && method !== 8) throw broken(`${name} is packed with method ${method}; use deflate`);
  const kind = name.endsWith('/') ? 'directory' : (unixMode & FILE_TYPE) === SYMLINK ? 'symlink' : 'file';
  return {
    name,
    kind,
    mode: unixMode & 0o777 || (kind === 'directory' ? 0o755 : 0o644),
    async read() {
      const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
      const packed = zip.subarray(start, start + packedSize);
      let bytes: Buffer;
      try {
        bytes = method === 0 ? packed : await inflate(packed, { maxOutputLength: Math.max(size, 1) });
      } catch {
        throw broken(`${name} cannot be unpacked`);
      }
      if (bytes.length !== size || crc32(bytes) !== checksum) throw broken(`${name} is damaged`);
      return bytes;
    },
  };
}
