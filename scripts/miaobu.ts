/** The command line: `npm run miaobu -- help` tells what it can do. */
import { runCommandLine } from './cli/run-command-line.ts';

// `miaobu list | head` closes the pipe early: nobody is left to read, so there is nothing left to say.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
process.exitCode = await runCommandLine(process.argv.slice(2), process.stdout, process.stderr, process.env);
