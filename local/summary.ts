/** What is printed when everything is ready. */
export function summary(ready: {
  readonly apiUrl: string;
  readonly gitUrl: string;
  readonly token: string;
  /** The login of this platform's operator. */
  readonly operator: string;
  readonly liveUrl: string;
  readonly home: string;
  readonly readyMs: number;
}): string {
  const rows: readonly (readonly [string, string])[] = [
    ['A live site', ready.liveUrl],
    ['API', `${ready.apiUrl}/api/v1`],
    ['API token', ready.token],
    ['Sign in', `${ready.apiUrl}/, as ${ready.operator}`],
    ['Git', ready.gitUrl],
    ['Logs', `${ready.home}/logs, ${ready.home}/cloud/fc/logs`],
    ['State', ready.home],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    '',
    `  Miaobu 秒部 is ready after ${(ready.readyMs / 1000).toFixed(1)} s`,
    '',
    ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`),
    '',
    '  Push a site of your own:',
    `    git push ${ready.gitUrl}/dev/my-site.git main`,
    '    npm run miaobu -- import dev/my-site',
    '',
    '  Ctrl-C stops everything.',
    '',
  ].join('\n');
}
