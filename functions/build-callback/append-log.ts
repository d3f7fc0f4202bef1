import { LOG_CHUNK_LIMIT_BYTES, type LogChunk } from '@miaobu/shared/contracts/build-job';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import type { BuildLog } from '@miaobu/shared/ports/build-log';
import type { AuthenticateRunner, RunnerClaim } from './authenticate-runner.ts';

/** More chunks than any build may need at one a third of a second. */
const CHUNK_LIMIT = 10_000;

export interface Deps {
  readonly authenticateRunner: AuthenticateRunner;
  readonly buildLog: Pick<BuildLog, 'append'>;
}

/** Keeps one numbered piece of a build's output. The same number twice keeps the first. */
export const appendLog =
  (deps: Deps) =>
  async (claim: RunnerClaim, chunk: number, content: LogChunk): Promise<void> => {
    const { deploymentId, attempt, buildAttempt } = await deps.authenticateRunner('report', claim);
    if (buildAttempt.state === 'abandoned') throw new AppError('attempt_closed');
    if (chunk >= CHUNK_LIMIT) throw new AppError('payload_too_large', { details: { limit: `${CHUNK_LIMIT} chunks` } });
    if (Buffer.byteLength(content.text) > LOG_CHUNK_LIMIT_BYTES) {
      throw new AppError('payload_too_large', { details: { limit: `${LOG_CHUNK_LIMIT_BYTES} bytes` } });
    }
    await deps.buildLog.append({ deploymentId: showId('deployment', deploymentId), attempt }, [
      { chunk, at: new Date(content.at), text: content.text },
    ]);
  };
