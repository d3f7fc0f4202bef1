import { ManifestError } from '@miaobu/shared/contracts/manifest';
import { BuildFailure } from './build-failure.ts';
import type { LogShipper } from './log/log-shipper.ts';
import type { Report } from './protocol/heartbeat.ts';

const MESSAGE_LIMIT = 2000;

/** Turns the error that ended a run into its last report. */
export function failureReport(error: unknown, log: Pick<LogShipper, 'mask'>): Report & { kind: 'failed' } {
  const failure =
    error instanceof BuildFailure
      ? error
      : new BuildFailure(
          error instanceof ManifestError ? 'output_invalid' : 'runner_error',
          error instanceof ManifestError
            ? `The output cannot be published: ${error.message}.`
            : `The build runner failed: ${error}`,
        );
  return { kind: 'failed', code: failure.code, message: log.mask(failure.message).slice(0, MESSAGE_LIMIT) };
}
