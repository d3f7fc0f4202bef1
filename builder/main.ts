/**
 * The build runner. GitHub Actions or the local cloud starts it with one line of JSON on stdin (`BuildInputs`); argv,
 * environment and files hold nothing it needs to know. It fetches, builds and publishes one deployment and tells
 * `build-callback` how it went.
 *
 * | exit code | meaning |
 * | --- | --- |
 * | 0 | uploaded; or nothing to do: another run has the ticket, or the platform stopped this attempt |
 * | 1 | the deployment failed, and the platform knows why |
 * | 2 | the platform could not be told: bad input, no answer, or a refusal |
 *
 * Started as root, it runs the user's commands as a separate user, who can see nothing of this process. Started
 * as another user, they run as that same user: their environment is just as clean, but they may inspect what that user may.
 */
import { buildInputs } from '@miaobu/shared/contracts/build-job';
import { randomToken } from '@miaobu/shared/kernel/ids';
import { AttemptOver, BuildFailure } from './build-failure.ts';
import { createPlatformClient } from './protocol/platform-client.ts';
import { type Outcome, runAttempt } from './run-attempt.ts';

const INPUT_LIMIT = 64 * 1024;

async function readFirstLine(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += chunk;
    if (text.includes('\n') || text.length > INPUT_LIMIT) break;
  }
  return text.split('\n', 1)[0] ?? '';
}

function parseInputs(line: string) {
  try {
    return buildInputs.parse(JSON.parse(line));
  } catch {
    // The reason would quote the line, which holds the ticket.
    throw new Error('stdin must hold one line of JSON: deployment_id, attempt, ticket and callback_url');
  }
}

async function main(): Promise<Outcome> {
  const run = new AbortController();
  const stopped = () => run.abort(new BuildFailure('cancelled', 'The run was stopped from outside.'));
  process.once('SIGTERM', stopped);
  process.once('SIGINT', stopped);

  const inputs = parseInputs(await readFirstLine());
  const client = createPlatformClient(inputs);
  const runId = process.env.GITHUB_RUN_ID;
  const redeemer = `${runId ? `github-${runId}` : 'process'}-${randomToken(12)}`;
  const { signal } = run;
  const job = await client.redeem(inputs.ticket, redeemer, { signal });
  return runAttempt({ inputs, job, client, run, runner: process.env });
}

main().then(
  (outcome) => {
    console.error(`miaobu-builder: ${outcome}`);
    process.exit(outcome === 'failed' ? 1 : 0);
  },
  (error: unknown) => {
    console.error(`miaobu-builder: ${error instanceof Error ? error.message : error}`);
    process.exit(error instanceof AttemptOver ? 0 : 2);
  },
);
