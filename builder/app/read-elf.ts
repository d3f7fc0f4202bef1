import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';

/** What a Linux program or library requires of the machine it is loaded on. */
export interface ElfNeeds {
  readonly machine: 'x86-64' | 'other';
  /** The newest version of the GNU C library it asks for, e.g. `[2, 34]`; undefined when it asks for none. */
  readonly glibc: readonly [number, number] | undefined;
}

const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const X86_64 = 62;
const SECTION_BYTES = 64;
/** Section `.gnu.version_r`: the versions of other libraries' symbols that are needed. */
const SHT_GNU_VERNEED = 0x6ffffffe;
/** The names in a large program are some megabytes; a file that says it has more is not worth reading. */
const TABLE_LIMIT = 32 * 1024 * 1024;

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer | undefined> {
  if (length > TABLE_LIMIT || position < 0) return undefined;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return bytesRead === length ? buffer : undefined;
}

const LONGEST_NAME = 256;
const textAt = (table: Buffer, at: number) => table.toString('latin1', at, at + LONGEST_NAME).split('\0', 1)[0] ?? '';

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/** A program asks for a few dozen versions; the lists of a malformed file may be endless. */
const VERSION_LIMIT = 10_000;

/** Names of all versions in a `.gnu.version_r` section: records of libraries (Verneed), each with a list of versions (Vernaux). */
function* neededVersions(section: Buffer, names: Buffer): Generator<string> {
  for (let need = 0, step = 1; step !== 0 && need + 16 <= section.length; need += step) {
    let aux = need + section.readUInt32LE(need + 8);
    for (let left = section.readUInt16LE(need + 2); left > 0 && aux + 16 <= section.length; left--) {
      yield textAt(names, section.readUInt32LE(aux + 8));
      aux += section.readUInt32LE(aux + 12);
    }
    step = section.readUInt32LE(need + 12);
  }
}

/** Undefined for anything but a valid ELF file. Reads its tables only (System V ABI, chapter 4; LSB, symbol versioning). */
export async function readElf(path: string): Promise<ElfNeeds | undefined> {
  const file = await open(path);
  try {
    const header = await readAt(file, 0, 64);
    if (header?.readUInt32BE(0) !== 0x7f454c46) return undefined;
    if (header[4] !== CLASS_64 || header[5] !== LITTLE_ENDIAN) return { machine: 'other', glibc: undefined };
    const machine = header.readUInt16LE(18) === X86_64 ? 'x86-64' : 'other';
    const count = header.readUInt16LE(60);
    const table = await readAt(file, Number(header.readBigUInt64LE(40)), count * SECTION_BYTES);
    if (!table || header.readUInt16LE(58) !== SECTION_BYTES) return { machine, glibc: undefined };
    const sections: Section[] = Array.from({ length: count }, (_, index) => ({
      type: table.readUInt32LE(index * SECTION_BYTES + 4),
      offset: Number(table.readBigUInt64LE(index * SECTION_BYTES + 24)),
      size: Number(table.readBigUInt64LE(index * SECTION_BYTES + 32)),
      link: table.readUInt32LE(index * SECTION_BYTES + 40),
    }));
    const section = sections.find(({ type }) => type === SHT_GNU_VERNEED);
    const strings = section && sections[section.link];
    const content = section && (await readAt(file, section.offset, section.size));
    const names = strings && (await readAt(file, strings.offset, strings.size));
    if (!content || !names) return { machine, glibc: undefined };
    let newest: [number, number] | undefined;
    let versions = 0;
    for (const version of neededVersions(content, names)) {
      versions += 1;
      if (versions > VERSION_LIMIT) return { machine, glibc: undefined };
      const [, major, minor] = /^GLIBC_(\d+)\.(\d+)/.exec(version) ?? [];
      if (major === undefined || minor === undefined) continue;
      const found: [number, number] = [Number(major), Number(minor)];
      if (!newest || found[0] > newest[0] || (found[0] === newest[0] && found[1] > newest[1])) newest = found;
    }
    return { machine, glibc: newest };
  } finally {
    await file.close();
  }
}
