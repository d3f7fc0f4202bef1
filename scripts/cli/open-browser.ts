import { spawn } from 'node:child_process';

/** The program that opens an address on this system; undefined where nobody would see a browser. */
function opener(platform: NodeJS.Platform, environment: NodeJS.ProcessEnv): readonly [string, ...string[]] | undefined {
  // Over SSH the browser would open on the wrong machine, and in CI nobody looks.
  if (environment.SSH_CONNECTION || environment.CI) return undefined;
  if (environment.BROWSER) return [environment.BROWSER];
  if (platform === 'darwin') return ['open'];
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler'];
  return environment.DISPLAY || environment.WAYLAND_DISPLAY ? ['xdg-open'] : undefined;
}

/** Shows an address in the person's browser, and does not wait for it; false when there is none. Only addresses of the web are opened. */
export function openBrowser(url: string, isTerminal: boolean, environment: NodeJS.ProcessEnv): boolean {
  const found = opener(process.platform, environment);
  if (!isTerminal || found === undefined || !/^https?:$/.test(URL.parse(url)?.protocol ?? '')) return false;
  const [program, ...args] = found;
  const child = spawn(program, [...args, url], { detached: true, stdio: 'ignore' });
  // It is not installed: the address was printed as well.
  child.on('error', () => {});
  child.unref();
  return true;
}
