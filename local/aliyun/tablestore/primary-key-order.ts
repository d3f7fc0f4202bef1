import { INF_MAX, INF_MIN, type KeyBound } from './plainbuffer-format.ts';

// Never equal, never a prefix of one another: a bound sorts before or after every value of its column.
const BELOW_EVERY_VALUE = 0x00;
const VALUE = 0x01;
const ABOVE_EVERY_VALUE = 0x02;

/**
 * A primary key as bytes whose order (as SQLite compares blobs) is Tablestore's: column by column, integers by value,
 * strings and binaries by their bytes, INF_MIN and INF_MAX around them.
 */
export function encodePrimaryKey(columns: readonly KeyBound[]): Buffer {
  return Buffer.concat(columns.map(encodeColumn));
}

function encodeColumn(value: KeyBound): Buffer {
  if (value === INF_MIN) return Buffer.of(BELOW_EVERY_VALUE);
  if (value === INF_MAX) return Buffer.of(ABOVE_EVERY_VALUE);
  if (typeof value === 'bigint') {
    const integer = Buffer.alloc(9, VALUE);
    // Moves the negative half below the positive one.
    integer.writeBigUInt64BE(BigInt.asUintN(64, value + 2n ** 63n), 1);
    return integer;
  }
  return Buffer.concat([Buffer.of(VALUE), terminated(Buffer.from(value))]);
}

/** A zero byte inside is written 00 ff and the end 00 00, so that a string sorts before everything it is a prefix of. */
function terminated(bytes: Buffer): Buffer {
  const escaped: number[] = [];
  for (const byte of bytes) {
    escaped.push(byte);
    if (byte === 0) escaped.push(0xff);
  }
  return Buffer.from([...escaped, 0, 0]);
}
