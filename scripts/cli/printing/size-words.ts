const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** A number of bytes for a person: 9.1 kB. */
export function sizeWords(bytes: number): string {
  let size = bytes;
  let unit = 0;
  // What would be rounded up to a thousand is one of the next.
  while (size >= 999.95 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}
