import { type Cell, crc8, HEADER, INF_MAX, INF_MIN, type PlainRow, tag, valueType } from './plainbuffer-format.ts';

/** Rows one after another behind one header, as GetRow and GetRange answer them; nothing at all for no row. */
export function writePlainRows(rows: readonly Pick<PlainRow, 'primaryKey' | 'columns'>[]): Buffer {
  if (rows.length === 0) return Buffer.alloc(0);
  return Buffer.concat([int32(HEADER), ...rows.map(writeRow)]);
}

function writeRow(row: Pick<PlainRow, 'primaryKey' | 'columns'>): Buffer {
  const cells = [...row.primaryKey, ...row.columns].map(writeCell);
  const primaryKey = cells.slice(0, row.primaryKey.length);
  const columns = cells.slice(row.primaryKey.length);
  const noDelete = 0;
  const checksum = crc8(0, [...cells.map((cell) => cell.checksum), noDelete]);
  return Buffer.concat([
    Buffer.of(tag.rowPrimaryKey),
    ...primaryKey.map((cell) => cell.bytes),
    ...(columns.length === 0 ? [] : [Buffer.of(tag.rowData), ...columns.map((cell) => cell.bytes)]),
    Buffer.of(tag.rowChecksum, checksum),
  ]);
}

function writeCell(cell: Cell): { bytes: Buffer; checksum: number } {
  const name = Buffer.from(cell.name);
  const value = writeValue(cell.value);
  const timestamp = cell.timestamp === undefined ? Buffer.alloc(0) : int64(cell.timestamp);
  const checksum = crc8(crc8(crc8(0, name), value), timestamp);
  const bytes = Buffer.concat([
    Buffer.of(tag.cell, tag.cellName),
    int32(name.length),
    name,
    Buffer.of(tag.cellValue),
    int32(value.length),
    value,
    ...(cell.timestamp === undefined ? [] : [Buffer.of(tag.cellTimestamp), timestamp]),
    Buffer.of(tag.cellChecksum, checksum),
  ]);
  return { bytes, checksum };
}

/** Type and payload. */
function writeValue(value: Cell['value']): Buffer {
  if (value === INF_MIN) return Buffer.of(valueType.infinitelySmall);
  if (value === INF_MAX) return Buffer.of(valueType.infinitelyLarge);
  switch (typeof value) {
    case 'bigint':
      return Buffer.concat([Buffer.of(valueType.integer), int64(value)]);
    case 'number': {
      const payload = Buffer.alloc(8);
      payload.writeDoubleLE(value);
      return Buffer.concat([Buffer.of(valueType.double), payload]);
    }
    case 'boolean':
      return Buffer.of(valueType.boolean, value ? 1 : 0);
    case 'string': {
      const payload = Buffer.from(value);
      return Buffer.concat([Buffer.of(valueType.string), int32(payload.length), payload]);
    }
    case 'object':
      return Buffer.concat([Buffer.of(valueType.binary), int32(value.length), value]);
    default:
      throw new TypeError('a stored cell has a value');
  }
}

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value);
  return buffer;
}

function int64(value: bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64LE(value);
  return buffer;
}
