// npm start: the whole platform on this machine. Starts the local cloud, deploys the platform into it over the wire, pushes
// an example site through it, and stays up.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { deployPlatform } from './deploy-platform.ts';
import { firstPush } from './first-push.ts';
import { freePortPair } from './free-ports.ts';
import { GITHUB_PATH } from './gateway.ts';
import { lockHome } from './home-lock.ts';
import { emptyHome, type LocalCloud, OPERATOR, startLocalCloud } from './local-cloud.ts';
import { createProgress } from './progress.ts';
import { requireSpace } from './require-space.ts';
import { plainReason, StartError } from './start-error.ts';
import { readStartOptions, USAGE } from './start-options.ts';
import { listenForStop } from './stop-signal.ts';
import { summary } from './summary.ts';

/** The exit code of a start that Ctrl-C ended, as shells have it. */
const INTERRUPTED = 130;

function requireGit(): void {
  try {
    execFileSync('git', ['--version'], { stdio: 'ignore' });
  } catch {
    throw new StartError('git is not installed, or not on the PATH; install it and start again');
  }
}

/** Hooks and links of an earlier run contain its port, so any port (0) means that one again. */
function lastPort(home: string): number {
  try {
    return Number(readFileSync(path.join(home, 'port'), 'utf8')) || 0;
  } catch {
    return 0;
  }
}

/** Resolves with the exit code once everything has ended. */
async function main(): Promise<number> {
  const began = performance.now();
  const options = readStartOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const progress = createProgress();
  requireGit();
  const stop = listenForStop();
  const unlock = await lockHome(options.home);
  let cloud: LocalCloud | undefined;
  try {
    const frontPort = await freePortPair(options.port, lastPort(options.home));
    if (options.fresh) await emptyHome(options.home);
    requireSpace(options.home);
    writeFileSync(path.join(options.home, 'port'), String(frontPort));
    const { home, databaseUrl } = options;
    // Not abandoned half-way: what it is about to start has to be stopped.
    cloud = await startLocalCloud({ home, frontPort, databaseUrl, progress });
    await stop.orResult(deployPlatform(cloud, progress));
    await stop.orResult(cloud.resume());

    const addresses = {
      apiUrl: `http://localhost:${frontPort}`,
      edgeUrl: `http://127.0.0.1:${frontPort}`,
      gitUrl: `http://${OPERATOR.login}:${cloud.secrets.gitToken}@localhost:${frontPort + 1}${GITHUB_PATH}/git`,
      token: cloud.secrets.apiToken,
    };
    const donePush = progress.step('example site: git push → live');
    const liveUrl = await stop.orResult(firstPush(addresses));
    donePush();

    writeFileSync(path.join(home, 'connection.json'), JSON.stringify(addresses, null, 2), { mode: 0o600 });
    const readyMs = Math.round(performance.now() - began);
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ ready: true, ...addresses, liveUrl, readyMs })}\n`
        : summary({ ...addresses, liveUrl, readyMs, home, operator: OPERATOR.login }),
    );
    await stop.promise;
    progress.note('stopping …');
    return 0;
  } catch (error) {
    if (!stop.asked) throw error;
    return INTERRUPTED;
  } finally {
    await cloud?.close();
    unlock();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`\nmiaobu: ${plainReason(error) ?? (error as Error)?.stack ?? error}\n`);
    process.exit(1);
  },
);
