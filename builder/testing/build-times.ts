const SPENT: readonly (readonly [what: string, line: RegExp])[] = [
  ['install', /^Installed .* in ([\d.]+) s$/gm],
  ['build', /^Build completed in ([\d.]+) s$/gm],
  ['upload', /^Uploaded in ([\d.]+) s$/gm],
];

/** The line of a build's log about its duration. */
export function buildTimes(name: string, log: string): string {
  const seconds = SPENT.map(([what, line]) => {
    const found = [...log.matchAll(line)].map(([, number]) => Number(number));
    const sum = found.reduce((all, one) => all + one, 0);
    return `${what} ${found.length === 0 ? '     -' : `${sum.toFixed(1).padStart(5)}s`}`;
  });
  return `${name.padEnd(22)} ${seconds.join('  ')}`;
}
