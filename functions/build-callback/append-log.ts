import { LOG_CHUNK_LIMIT_BYTES, LOG_LIMIT_BYTES, type LogChunk } from '@miaobu/shared/contracts/build-job';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import { logCutNote, textHead } from '@miaobu/shared/kernel/text-head';
import type { Store } from '@miaobu/shared/model/repositories';
import type { BuildLog } from '@miaobu/shared/ports/build-log';
import type { AuthenticateRunner, RunnerClaim } from './authenticate-runner.ts';

/** More chunks than any build needs at one every third of a second. */
const CHUNK_LIMIT = 10_000;

export interface Deps {
  readonly authenticateRunner: AuthenticateRunner;
  readonly store: Pick<Store, 'attempts'>;
  readonly buildLog: Pick<BuildLog, 'append'>;
}

/**
 * Stores one numbered chunk of a build's output. A repeated number keeps the first text. At most `LOG_LIMIT_BYTES` are kept in all; there
 * a note ends the log, and further output is accepted and dropped: no build fails because of what it prints.
 *
 * Secrets were masked by the runner. It could not be done here: a chunk may begin or end within one.
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
    // A repeated chunk, or one that was not stored, takes no space: a chunk is resent until it is accepted.
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
