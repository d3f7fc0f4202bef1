import { LOG_CHUNK_LIMIT_BYTES, LOG_LIMIT_BYTES, type LogChunk } from '@miaobu/shared/contracts/build-job';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import { logCutNote, textHead } from '@miaobu/shared/kernel/text-head';
import type { Store } from '@miaobu/shared/model/repositories';
import type { BuildLog } from '@miaobu/shared/ports/build-log';
import type { AuthenticateRunner, RunnerClaim } from './authenticate-runner.ts';

/** More chunks than any build may need at one a third of a second. */
const CHUNK_LIMIT = 10_000;

export interface Deps {
  readonly authenticateRunner: AuthenticateRunner;
  readonly store: Pick<Store, 'attempts'>;
  readonly buildLog: Pick<BuildLog, 'append'>;
}

/**
 * Keeps one numbered piece of a build's output. The same number twice keeps the first. Of all pieces together `LOG_LIMIT_BYTES` are
 * kept; where that ends a note says so, and what comes after it is taken and dropped: no build fails for what it prints.
 *
 * Secrets were masked by the runner. It could not be done here: a piece may begin or end within one.
 */
export const appendLog =
  (deps: Deps) =>
  async (claim: RunnerClaim, chunk: number, content: LogChunk): Promise<void> => {
    const { deploymentId, attempt, buildAttempt } = await deps.authenticateRunner('report', claim);
    if (buildAttempt.state === 'abandoned') throw new AppError('attempt_closed');
    if (chunk >= CHUNK_LIMIT) throw new AppError('payload_too_large', { details: { limit: `${CHUNK_LIMIT} chunks` } });
    const bytes = Buffer.byteLength(content.text);
    if (bytes > LOG_CHUNK_LIMIT_BYTES) {
      throw new AppError('payload_too_large', { details: { limit: `${LOG_CHUNK_LIMIT_BYTES} bytes` } });
    }
    const key = { deploymentId, attempt };
    const room = await deps.store.attempts.takeLogRoom(key, bytes, LOG_LIMIT_BYTES);
    if (room === undefined) return;
    const text =
      room.granted < bytes ? textHead(content.text, room.granted) + logCutNote(LOG_LIMIT_BYTES) : content.text;
    // What is there already, or did not arrive, takes no room: a piece is sent again until it is taken.
    const giveBack = () => deps.store.attempts.giveLogRoomBack(key, room.taken);
    const kept = await deps.buildLog
      .append({ deploymentId: showId('deployment', deploymentId), attempt }, [
        { chunk, at: new Date(content.at), text },
      ])
      .catch(async (error: unknown) => {
        await giveBack();
        throw error;
      });
    if (kept === 0) await giveBack();
  };
