/**
 * Tablestore's PlainBuffer, the encoding of rows inside its protobuf messages ("PlainBuffer" in the API reference):
 *
 *     header(4) ( [ROW_PK cell…] [ROW_DATA cell…] [DELETE_ROW_MARKER] ROW_CHECKSUM crc(1) )…
 *     cell = CELL CELL_NAME len(4) utf8 [CELL_VALUE len(4) type(1) payload] [CELL_TYPE op(1)] [CELL_TIMESTAMP ms(8)]
 *            CELL_CHECKSUM crc(1)
 *
 * All numbers are little endian. Lengths of strings and binaries are given twice: in the value and in the payload.
 */
export const HEADER = 0x75;

export const tag = {
  rowPrimaryKey: 0x01,
  rowData: 0x02,
  cell: 0x03,
  cellName: 0x04,
  cellValue: 0x05,
  cellType: 0x06,
  cellTimestamp: 0x07,
  deleteRowMarker: 0x08,
  rowChecksum: 0x09,
  cellChecksum: 0x0a,
} as const;

export const valueType = {
  integer: 0x00,
  double: 0x01,
  boolean: 0x02,
  string: 0x03,
  binary: 0x07,
  infinitelySmall: 0x09,
  infinitelyLarge: 0x0a,
} as const;

/** Bounds of a range; no row has them. */
export const INF_MIN: unique symbol = Symbol('INF_MIN');
export const INF_MAX: unique symbol = Symbol('INF_MAX');

/** A `bigint` is Tablestore's INTEGER (64 bit), a `number` its DOUBLE. */
export type ColumnValue = bigint | number | boolean | string | Buffer;
export type PrimaryKeyValue = bigint | string | Buffer;
export type KeyBound = PrimaryKeyValue | typeof INF_MIN | typeof INF_MAX;

export interface Cell {
  readonly name: string;
  readonly value: ColumnValue | typeof INF_MIN | typeof INF_MAX | undefined;
  /** Version in milliseconds, when the client or the store gave one. */
  readonly timestamp?: bigint;
  /** What an update does to the column (delete, increment). */
  readonly operation?: number;
}

export interface PlainRow {
  readonly primaryKey: readonly Cell[];
  readonly columns: readonly Cell[];
  readonly isDelete: boolean;
}

const CRC8_TABLE = Uint8Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : crc << 1;
  return crc;
});

/** CRC-8 with polynomial 0x07: of a cell over name, type, payload, timestamp and operation; of a row over its cells' checksums. */
export function crc8(crc: number, bytes: Iterable<number>): number {
  let result = crc;
  for (const byte of bytes) result = CRC8_TABLE[result ^ byte] ?? 0;
  return result;
}
