/** The longest prefix of `text` that has at most `limit` bytes as UTF-8 and ends between two characters. */
export function textHead(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  let end = limit;
  // Continuation bytes begin with the bits 10.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}

/** The end of a truncated log. */
export const logCutNote = (limit: number) =>
  `\n[The log ends here: it is over the limit of ${limit < MEGABYTE ? `${limit} bytes` : `${limit / MEGABYTE} MB`}.]\n`;
const MEGABYTE = 1024 * 1024;
