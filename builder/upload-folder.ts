import type { BuildInputs } from '@miaobu/shared/contracts/build-job';
import { randomToken } from '@miaobu/shared/kernel/ids';
import { AttemptOver } from './build-failure.ts';
import type { Collected } from './collect-output.ts';
import { decideSpa } from './decide-spa.ts';
import { failureReport } from './failure-report.ts';
import { startReporting } from './heartbeat.ts';
import { createLogShipper } from './log-shipper.ts';
import { createPlatformClient } from './platform-client.ts';
import type { Outcome } from './run-attempt.ts';
import { uploadOutput } from './upload-output.ts';

const NAMED = 10;

/**
 * The whole attempt of a deployment whose files are there already: redeems its ticket, uploads what the platform does not have, and
 * reports how it went. What is said in the log is also told to `say`, line by line. Throws `Unavailable` and `PlatformRefusal` when the
 * platform could not be told.
 */
export async function uploadFolder({
  inputs,
  collected: { files, ignored },
  say,
}: {
  inputs: BuildInputs;
  collected: Collected;
  say: (line: string) => void;
}): Promise<Outcome> {
  const run = new AbortController();
  const { signal } = run;
  const client = createPlatformClient(inputs);
  const job = await client.redeemUpload(inputs.ticket, `upload-${randomToken(12)}`, { signal });
  const shipper = createLogShipper({ client, token: job.token, limitBytes: job.limits.log_bytes });
  const log = {
    flush: shipper.flush,
    line(text: string) {
      shipper.line(text);
      say(text);
    },
  };
  const reporter = startReporting({ client, token: job.token, signal, end: (reason) => run.abort(reason) });
  try {
    if (ignored.length > 0) {
      log.line(`Not published: ${ignored.slice(0, NAMED).join(', ')}${ignored.length > NAMED ? ', …' : ''}`);
    }
    const paths = files.map(({ path }) => path);
    // It is what a build made, only elsewhere.
    const spa = decideSpa(job.spa, true, paths);
    if (spa) log.line('Single-page app: unknown addresses are answered with index.html');
    const began = Date.now();
    const { token } = await client.publication(job.token, { signal });
    const manifest = await uploadOutput({ files, spa, client, token, log, signal });
    log.line(`Uploaded in ${((Date.now() - began) / 1000).toFixed(1)} s`);
    await shipper.close();
    signal.throwIfAborted();
    await reporter.conclude({
      kind: 'uploaded',
      manifest_sha256: manifest.sha256,
      manifest_bytes: manifest.bytes,
      build_seconds: 0,
    });
    return 'uploaded';
  } catch (error) {
    if (error instanceof AttemptOver) {
      shipper.abandon();
      return 'over';
    }
    const report = failureReport(error, shipper);
    log.line(`Error: ${report.message}`);
    await shipper.close();
    await reporter.conclude(report);
    return 'failed';
  } finally {
    reporter.stop();
  }
}
