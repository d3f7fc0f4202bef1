#!/usr/bin/env node
// The command line for a PATH: `npm link`, or a symbolic link to this file, makes it `miaobu`. It runs on whatever Node the system has
// and hands over to the checkout's own, which runs TypeScript; hence plain JavaScript and nothing but Node's own modules.
import { spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const inCheckout = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

// Its output is not part of a command's answer.
const installed = spawnSync(process.execPath, [inCheckout('scripts/ensure-dependencies.mjs')], {
  stdio: ['ignore', 2, 2],
});
if (installed.status !== 0) process.exit(installed.status ?? 1);

const program = ['--disable-warning=ExperimentalWarning', inCheckout('scripts/miaobu.ts'), ...process.argv.slice(2)];
const child = spawn(inCheckout('node_modules/.bin/node'), program, { stdio: 'inherit' });
// A terminal sends Ctrl-C to both; a signal sent to this process alone is meant for the program.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => signal === 'SIGINT' || child.kill(signal));
child.on('error', (error) => {
  console.error(`The program of this checkout does not start: ${error.message}`);
  process.exitCode = 1;
});
child.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
});
