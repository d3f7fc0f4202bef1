import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BuildInputs } from '@miaobu/shared/contracts/build-job';
import { randomToken } from '@miaobu/shared/kernel/ids';
import { AttemptOver } from '../build-failure.ts';
import { failureReport } from '../failure-report.ts';
import { createLogShipper } from '../log/log-shipper.ts';
import { startReporting } from '../protocol/heartbeat.ts';
import { createPlatformClient } from '../protocol/platform-client.ts';
import type { Outcome } from '../run-attempt.ts';
import type { Collected } from '../site/collect-output.ts';
import { siteArtifact } from '../site/site-artifact.ts';
import { uploadArtifact } from './upload-artifact.ts';

/**
 * The whole attempt of a deployment whose files already exist: redeems its ticket, uploads what the platform does not have, and
 * reports how it went. Log lines are also passed to `say`. Throws `Unavailable` and `PlatformRefusal` when the
 * report could not be delivered.
 */
export async function uploadFolder({
  inputs,
  collected,
  say,
}: {
  inputs: Omit<BuildInputs, 'cache_scope'>;
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
  const workFolder = await mkdtemp(path.join(tmpdir(), 'miaobu-upload-'));
  try {
    // It is what a build made, only elsewhere.
    const artifact = await siteArtifact(collected, {
      spa: job.spa,
      maySpa: true,
      say: log.line,
      twinsFile: path.join(workFolder, 'twins'),
      signal,
    });
    const began = Date.now();
    const { token } = await client.publication(job.token, { signal });
    const manifest = await uploadArtifact({ artifact, client, token, log, signal });
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
    await rm(workFolder, { recursive: true, force: true });
  }
}
