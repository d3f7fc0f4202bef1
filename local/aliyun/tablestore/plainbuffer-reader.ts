import { parameterInvalid } from './ots-error.ts';
import { type Cell, crc8, HEADER, INF_MAX, INF_MIN, type PlainRow, tag, valueType } from './plainbuffer-format.ts';

const broken = (reason: string) => parameterInvalid(`Cell data broken, ${reason}.`);
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads one PlainBuffer row and checks its checksums. Throws `OTSParameterInvalid` for anything that is not one. */
export function readPlainRow(bytes: Uint8Array): PlainRow {
  const input = cursorOver(bytes);
  const header = input.int32();
  if (header !== HEADER) throw broken(`mismatch header, actual: ${header} , expect: ${HEADER}`);
  let rowChecksum = 0;

  const readCells = (): Cell[] => {
    const cells: Cell[] = [];
    while (input.skipTag(tag.cell)) {
      const { cell, checksum } = readCell(input);
      cells.push(cell);
      rowChecksum = crc8(rowChecksum, [checksum]);
    }
    return cells;
  };

  const primaryKey = input.skipTag(tag.rowPrimaryKey) ? readCells() : [];
  const columns = input.skipTag(tag.rowData) ? readCells() : [];
  const isDelete = input.skipTag(tag.deleteRowMarker);
  rowChecksum = crc8(rowChecksum, [isDelete ? 1 : 0]);
  if (!input.skipTag(tag.rowChecksum)) throw broken('row is not end with checksum tag');
  const sent = input.byte();
  if (sent !== rowChecksum) throw broken(`checksum is mismatch, ${sent} :${rowChecksum} :`);
  // The SDK reserves a byte for the payload that INF_MIN and INF_MAX do not have; those zeros are left at the end.
  if (input.rest().some((byte) => byte !== 0)) throw broken('has more data in row, but they can not be parsed');
  return { primaryKey, columns, isDelete };
}

function readCell(input: Cursor): { cell: Cell; checksum: number } {
  if (!input.skipTag(tag.cellName)) throw broken('attr has no name');
  const nameBytes = input.bytes(input.int32());
  let checksum = crc8(0, nameBytes);
  const name = text(nameBytes);

  let value: Cell['value'];
  if (input.skipTag(tag.cellValue)) {
    const length = input.int32();
    const start = input.position();
    value = readValue(input);
    const valueBytes = input.since(start);
    if (valueBytes.length !== length) throw broken(`no valid element in Cell, name: ${name}`);
    checksum = crc8(checksum, valueBytes);
  }
  const operation = input.skipTag(tag.cellType) ? input.byte() : undefined;
  let timestamp: bigint | undefined;
  if (input.skipTag(tag.cellTimestamp)) {
    const timestampBytes = input.bytes(8);
    timestamp = timestampBytes.readBigInt64LE();
    checksum = crc8(checksum, timestampBytes);
  }
  // Sent before the timestamp, and summed after it.
  if (operation !== undefined) checksum = crc8(checksum, [operation]);
  if (!input.skipTag(tag.cellChecksum)) throw broken(`cell is not end with checksum tag, name: ${name}`);
  const sent = input.byte();
  if (sent !== checksum) throw broken(`checksum is mismatch, ${sent} :${checksum} :`);
  return {
    cell: {
      name,
      value,
      ...(timestamp === undefined ? {} : { timestamp }),
      ...(operation === undefined ? {} : { operation }),
    },
    checksum,
  };
}

function readValue(input: Cursor): Cell['value'] {
  const type = input.byte();
  switch (type) {
    case valueType.integer:
      return input.bytes(8).readBigInt64LE();
    case valueType.double:
      return input.bytes(8).readDoubleLE();
    case valueType.boolean:
      return input.byte() !== 0;
    case valueType.string:
      return text(input.bytes(input.int32()));
    case valueType.binary:
      return Buffer.from(input.bytes(input.int32()));
    case valueType.infinitelySmall:
      return INF_MIN;
    case valueType.infinitelyLarge:
      return INF_MAX;
    default:
      throw parameterInvalid('data format is invalid, unknown variant type occured.');
  }
}

function text(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw broken(`wrong string format, size: ${bytes.length}`);
  }
}

type Cursor = ReturnType<typeof cursorOver>;

function cursorOver(source: Uint8Array) {
  const buffer = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  let at = 0;
  const take = (length: number): Buffer => {
    if (length < 0 || at + length > buffer.length) throw parameterInvalid('data format is invalid.');
    at += length;
    return buffer.subarray(at - length, at);
  };
  return {
    byte: () => take(1).readUInt8(),
    bytes: take,
    int32: () => take(4).readInt32LE(),
    /** Steps over the tag if it comes next. */
    skipTag(expected: number): boolean {
      if (buffer[at] !== expected) return false;
      at += 1;
      return true;
    },
    position: () => at,
    since: (start: number) => buffer.subarray(start, at),
    rest: () => buffer.subarray(at),
  };
}
