// Runs before every npm script: brings node_modules in line with package-lock.json, and exits almost at once when there
// is nothing to do. It runs on whatever Node the system has, before anything is installed; hence plain JavaScript
// and nothing but Node's own modules. Install scripts of packages stay off: nothing here needs them.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const OLDEST_TO_INSTALL_WITH = [20, 0];
/** From here on Node runs TypeScript as it stands. */
const OLDEST_TO_RUN_WITH = [22, 18];
const LOCK_IS_STALE_AFTER_MS = 15 * 60_000;

const root = fileURLToPath(new URL('..', import.meta.url));
const inModules = (name) => path.join(root, 'node_modules', name);
const lockFolder = path.join(root, '.miaobu-install');
const self = `${process.pid}@${hostname()}`;

/** An error that says everything in its message; others are shown with their stack. */
class PlainError extends Error {}

function isAtLeast(version, [major, minor]) {
  const [ofMajor, ofMinor] = version.replace(/^v/, '').split('.').map(Number);
  return ofMajor > major || (ofMajor === major && ofMinor >= minor);
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** What a complete installation leaves in node_modules/.miaobu-installed. */
function wantedMark() {
  const hash = createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');
  return `${hash} ${process.platform}-${process.arch}\n`;
}

/** `npm install` by hand, or in an earlier pipeline step, is as good: npm's own record shows what it installed. */
function isInstalledByHand() {
  const record = read(inModules('.package-lock.json'));
  if (!record) return false;
  const present = JSON.parse(record).packages;
  const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(packages).every(([location, wanted]) => {
    const isForHere = wanted.os?.includes(process.platform) && wanted.cpu?.includes(process.arch) && !wanted.libc;
    if (location === '' || ((wanted.optional || wanted.devOptional || wanted.peer) && !isForHere)) return true;
    const found = present[location];
    return found !== undefined && found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

function isInstalled() {
  if (!existsSync(inModules('.bin/node')) && !isAtLeast(process.version, OLDEST_TO_RUN_WITH)) return false;
  if (read(inModules('.miaobu-installed')) === wantedMark()) return true;
  if (!isInstalledByHand()) return false;
  leaveMark();
  return true;
}

function leaveMark() {
  try {
    writeFileSync(inModules('.miaobu-installed'), wantedMark());
  } catch (error) {
    // Another user's installation, or a read-only one: it is compared again each time.
    if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) throw error;
  }
}

/**
 * The lock is a folder that holds one file per process at work on the installation, named `{pid}@{host}`. Renaming a
 * folder onto it succeeds only while it is absent or empty, so it is taken, and a stale one taken over, in one step.
 */
function tryLock() {
  const candidate = mkdtempSync(`${lockFolder}-`);
  writeFileSync(path.join(candidate, self), '');
  try {
    renameSync(candidate, lockFolder);
    return true;
  } catch (error) {
    rmSync(candidate, { recursive: true });
    if (!['ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error;
    return false;
  }
}

function isAtWork(holder) {
  const file = path.join(lockFolder, holder);
  const writtenAt = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (writtenAt === undefined || Date.now() - writtenAt > LOCK_IS_STALE_AFTER_MS) return false;
  const [pid, host] = holder.split('@');
  if (host !== hostname()) return true;
  try {
    return process.kill(Number(pid), 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

async function lock() {
  let announced = false;
  while (!tryLock()) {
    const holders = existsSync(lockFolder) ? readdirSync(lockFolder) : [];
    if (holders.some(isAtWork)) {
      if (!announced) console.error(`Waiting for another installation in this folder (process ${holders.join(', ')})`);
      announced = true;
      await delay(100);
    } else {
      for (const holder of holders) rmSync(path.join(lockFolder, holder), { force: true });
    }
  }
}

function unlock() {
  for (const holder of readdirSync(lockFolder)) rmSync(path.join(lockFolder, holder), { force: true });
  rmdirSync(lockFolder);
}

async function npm(...args) {
  const { spawn } = await import('node:child_process');
  const always = ['--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];
  // Some packages ask for a newer Node than the system's; the one they get to run on is among what is installed.
  const child = spawn('npm', [...args, ...always, '--engine-strict=false', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // If we are killed, npm continues: nobody may take the lock before it has ended too.
  if (child.pid) writeFileSync(path.join(lockFolder, `${child.pid}@${hostname()}`), '');
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => {
      console.error('failed.');
      reject(error.code === 'ENOENT' ? new PlainError('npm is missing: install it (it comes with Node.js).') : error);
    });
    child.on('close', (code) => resolve({ succeeded: code === 0, output: output.trim() }));
  });
}

async function install() {
  const startedAt = Date.now();
  process.stderr.write('Installing dependencies with npm … ');
  rmSync(inModules('.miaobu-installed'), { force: true });
  let result = await npm('ci');
  // The lock file lacks an entry for some platform: npm ci gives up at once, npm install fills the gap.
  if (!result.succeeded && /\bEUSAGE\b/.test(result.output)) result = await npm('install', '--no-save');
  if (!result.succeeded) {
    const code = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENETUNREACH)\b/.exec(
      result.output,
    );
    console.error(`failed.\n${result.output}`);
    throw new PlainError(
      code
        ? `npm cannot reach its registry (${code[0]}): check the network, the proxy and \`npm config get registry\`.`
        : 'npm could not install the dependencies; what it said is above.',
    );
  }
  await checkNode();
  leaveMark();
  console.error(`done in ${Math.round((Date.now() - startedAt) / 1000)} s.`);
}

async function checkNode() {
  const installed = inModules('.bin/node');
  let version = process.version;
  if (existsSync(installed)) {
    const { spawnSync } = await import('node:child_process');
    version = spawnSync(installed, ['--version'], { encoding: 'utf8' }).stdout?.trim() || 'one that does not run here';
  }
  if (isAtLeast(version, OLDEST_TO_RUN_WITH)) return;
  throw new PlainError(
    `Node.js ${OLDEST_TO_RUN_WITH.join('.')} or later is needed, and this is ${version}: install one.`,
  );
}

async function main() {
  if (!isAtLeast(process.version, OLDEST_TO_INSTALL_WITH)) {
    throw new PlainError(`Node.js 20 or later is needed, and this is ${process.version}.`);
  }
  if (isInstalled()) return;
  await lock();
  try {
    if (!isInstalled()) await install();
  } finally {
    unlock();
  }
}

main().catch((error) => {
  console.error(error instanceof PlainError ? error.message : error);
  process.exitCode = 1;
});
