/** Offsets of the first and last byte, both inside the file. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

const SINGLE_RANGE = /^bytes=(\d*)-(\d*)$/i;

/**
 * The part of a file of `size` bytes that a Range header asks for. Undefined when the whole file is the answer: no
 * header, another unit, a malformed range, or several ranges (RFC 9110 §14.2 lets a server ignore those).
 *
 * The result is always inside the file, because OSS answers a range that reaches beyond the end with the whole object.
 */
export function byteRange(header: string | null, size: number): ByteRange | 'unsatisfiable' | undefined {
  const match = header === null ? null : SINGLE_RANGE.exec(header.replace(/\s/g, ''));
  if (!match) return undefined;
  const [, from = '', to = ''] = match;
  if (from === '') {
    if (to === '') return undefined;
    const length = Math.min(Number(to), size);
    return length === 0 ? 'unsatisfiable' : { first: size - length, last: size - 1 };
  }
  const first = Number(from);
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== '' && Number(to) < first) return undefined;
  return first >= size ? 'unsatisfiable' : { first, last };
}
