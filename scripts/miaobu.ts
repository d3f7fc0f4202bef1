#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
/** The command line: `npm run miaobu -- help` tells what it can do. */
import { sleep } from '@miaobu/shared/kernel/sleep';
import { openKeyboard } from './cli/keyboard.ts';
import { localhostFetch } from './cli/localhost-fetch.ts';
import { openBrowser } from './cli/open-browser.ts';
import { runCommandLine } from './cli/run-command-line.ts';

// `miaobu list | head` closes the pipe early: nobody is left to read, so there is nothing left to say.
for (const output of [process.stdout, process.stderr]) {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}

// npm changes to the checkout before it starts us, and passes the user's own folder in a variable.
const startedByNpm = process.env.npm_lifecycle_event === 'miaobu';

process.exitCode = await runCommandLine(process.argv.slice(2), process.stdout, process.stderr, {
  environment: process.env,
  folder: (startedByNpm && process.env.INIT_CWD) || process.cwd(),
  fetch: localhostFetch,
  keyboard: openKeyboard(process.stdin, process.stderr),
  now: () => new Date(),
  pause: sleep,
  openBrowser: (url) => openBrowser(url, process.stdout.isTTY === true, process.env),
});
