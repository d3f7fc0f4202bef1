import { expect, test } from 'vitest';
import { type Cell, INF_MAX, INF_MIN } from './plainbuffer-format.ts';
import { readPlainRow } from './plainbuffer-reader.ts';
import { writePlainRows } from './plainbuffer-writer.ts';

const row = {
  primaryKey: [
    { name: 'stream', value: '秒' },
    { name: 'seq', value: -(2n ** 63n) },
    { name: 'raw', value: Buffer.from([0, 1, 255]) },
  ],
  columns: [
    { name: 'double', value: -0.5, timestamp: 1_700_000_000_000n },
    { name: 'flag', value: false, timestamp: 1n },
    { name: 'empty', value: '', timestamp: 0n },
  ],
};

test('a row comes back as it was written', () => {
  expect(readPlainRow(writePlainRows([row]))).toEqual({ ...row, isDelete: false });
});

test('bounds come back, with the zeros that the SDK leaves behind them', () => {
  const primaryKey: Cell[] = [
    { name: 'stream', value: INF_MIN },
    { name: 'seq', value: INF_MAX },
  ];
  const bytes = Buffer.concat([writePlainRows([{ primaryKey, columns: [] }]), Buffer.of(0, 0)]);
  expect(readPlainRow(bytes).primaryKey).toEqual(primaryKey);
});

test('a row with any byte changed, left out or added is refused', () => {
  const bytes = writePlainRows([row]);
  const refused = expect.objectContaining({ code: 'OTSParameterInvalid' });
  for (let index = 0; index < bytes.length; index += 1) {
    const changed = Buffer.from(bytes);
    changed[index] = (bytes[index] ?? 0) ^ 0x10;
    expect(() => readPlainRow(changed), `byte ${index} changed`).toThrow(refused);
    expect(() => readPlainRow(bytes.subarray(0, index)), `cut at ${index}`).toThrow(refused);
  }
  expect(() => readPlainRow(Buffer.concat([bytes, Buffer.of(1)]))).toThrow(refused);
});
