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
import { stopLeftoverPostgres } from './postgres/stop-leftover-postgres.ts';
import { createProgress } from './progress.ts';
import { StartError } from './start-error.ts';
import { readStartOptions } from './start-options.ts';
import { summary } from './summary.ts';

function requireGit(): void {
  try {
    execFileSync('git', ['--version'], { stdio: 'ignore' });
  } catch {
    throw new StartError('git is not installed, or not on the PATH; install it and start again');
  }
}

/** Hooks and links of an earlier run name its port, so any port (0) means that one again. */
function lastPort(home: string): number {
  try {
    return Number(readFileSync(path.join(home, 'port'), 'utf8')) || 0;
  } catch {
    return 0;
  }
}

/** Ends on the first Ctrl-C or `kill`; a second one does not wait. */
function whenStopped(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(130);
        asked = true;
        resolve();
      });
    }
  });
}

async function main(): Promise<void> {
  const began = performance.now();
  const options = readStartOptions(process.argv.slice(2));
  const progress = createProgress();
  requireGit();
  const unlock = lockHome(options.home);
  const stopped = whenStopped();
  let cloud: LocalCloud | undefined;
  try {
    const frontPort = await freePortPair(options.port, lastPort(options.home));
    writeFileSync(path.join(options.home, 'port'), String(frontPort));
    if (options.fresh) {
      await stopLeftoverPostgres(path.join(options.home, 'postgres', 'data'));
      emptyHome(options.home);
    }
    const { home, databaseUrl } = options;
    cloud = await Promise.race([
      startLocalCloud({ home, frontPort, databaseUrl, progress }),
      stopped.then(() => undefined),
    ]);
    if (!cloud) return;
    await deployPlatform(cloud, progress);
    await cloud.resume();

    const addresses = {
      apiUrl: `http://localhost:${frontPort}`,
      edgeUrl: `http://127.0.0.1:${frontPort}`,
      gitUrl: `http://${OPERATOR.login}:${cloud.secrets.gitToken}@localhost:${frontPort + 1}${GITHUB_PATH}/git`,
      token: cloud.secrets.apiToken,
    };
    const donePush = progress.step('example site: git push → live');
    const liveUrl = await firstPush(addresses);
    donePush();

    writeFileSync(path.join(home, 'connection.json'), JSON.stringify(addresses, null, 2), { mode: 0o600 });
    const readyMs = Math.round(performance.now() - began);
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ ready: true, ...addresses, liveUrl, readyMs })}\n`
        : summary({ ...addresses, liveUrl, readyMs, home }),
    );
    await stopped;
    progress.note('stopping …');
  } finally {
    await cloud?.close();
    unlock();
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(
      error instanceof StartError
        ? `\nmiaobu: ${error.message}\n`
        : `\nmiaobu: ${String((error as Error)?.stack ?? error)}\n`,
    );
    process.exit(1);
  },
);
