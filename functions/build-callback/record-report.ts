import type { BuildReport, BuildReportAnswer } from '@miaobu/shared/contracts/build-job';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { assertNever } from '@miaobu/shared/kernel/assert-never';
import type { Context } from '@miaobu/shared/kernel/context';
import { sha256 } from '@miaobu/shared/kernel/hmac';
import type { AttemptKey } from '@miaobu/shared/model/build/build-attempt-repository';
import { closeAttempt } from '@miaobu/shared/model/build/close-attempt';
import { activateMessage } from '@miaobu/shared/model/deployment/activate-message';
import type { Deployment } from '@miaobu/shared/model/deployment/deployment';
import { isBuilding } from '@miaobu/shared/model/deployment/deployment-lifecycle';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';
import type { AuthenticateRunner, RunnerClaim } from './authenticate-runner.ts';

export interface Deps {
  readonly authenticateRunner: AuthenticateRunner;
  readonly store: Pick<Store, 'transaction'>;
  readonly doorbell: Doorbell;
}

/** Applies a new report to the deployment whose current attempt it is from. False: it changes nothing. */
async function apply(
  repositories: Repositories,
  deployment: Deployment,
  key: AttemptKey,
  report: BuildReport,
  requestId: string,
): Promise<boolean> {
  const by = 'build-callback';
  const finish = async () => {
    const project = await repositories.projects.find(deployment.projectId);
    if (project) await closeAttempt(repositories, key, project, 'finished');
  };
  switch (report.kind) {
    case 'heartbeat':
      return isBuilding(deployment.status);
    case 'building':
      return (await repositories.deployments.move(deployment.id, { to: 'building', by, requestId })) !== undefined;
    case 'failed': {
      const set = { reason: report.code, reasonMessage: report.message };
      const moved = await repositories.deployments.move(deployment.id, { to: 'failed', by, requestId, set });
      if (moved) await finish();
      return moved !== undefined;
    }
    case 'uploaded': {
      const moved = await repositories.deployments.move(deployment.id, {
        to: 'deploying',
        by,
        requestId,
        set: {
          manifestSha256: Buffer.from(report.manifest_sha256, 'hex'),
          manifestBytes: report.manifest_bytes,
          buildSeconds: report.build_seconds,
        },
      });
      if (!moved) return false;
      await finish();
      await repositories.enqueue(activateMessage(deployment, requestId));
      return true;
    }
    default:
      return assertNever(report);
  }
}

/**
 * Handles a runner's report. Late, repeated and out-of-order reports are answered 200 and change nothing; a reused number with different
 * content is refused. `stop` tells a runner to end when its attempt is no longer current.
 */
export const recordReport =
  (deps: Deps) =>
  async (claim: RunnerClaim, report: BuildReport, context: Pick<Context, 'requestId'>): Promise<BuildReportAnswer> => {
    const { deploymentId, attempt } = await deps.authenticateRunner('report', claim);
    const key = { deploymentId, attempt };
    const bodySha256 = sha256(JSON.stringify(report));

    const answer = await deps.store.transaction(async (repositories): Promise<BuildReportAnswer> => {
      const deployment = await repositories.deployments.lock(deploymentId);
      if (!deployment) throw new AppError('unauthorized');
      const counts = deployment.attempt === attempt && isBuilding(deployment.status);
      // A heartbeat is not recorded: repeating it is harmless.
      if (report.kind === 'heartbeat') return { ignored: !counts, stop: !counts };
      const before = await repositories.attempts.findReport(key, report.seq);
      if (before) {
        if (!before.bodySha256.equals(bodySha256)) throw new AppError('conflict');
        return before.answer as BuildReportAnswer;
      }
      const applied = counts && (await apply(repositories, deployment, key, report, context.requestId));
      const made = { ignored: !applied, stop: !counts };
      await repositories.attempts.insertReport(key, { seq: report.seq, kind: report.kind, bodySha256, answer: made });
      return made;
    });
    // This deployment can proceed, or the next one that waits for a build.
    if ((report.kind === 'uploaded' || report.kind === 'failed') && !answer.ignored)
      await deps.doorbell.ring(context.requestId);
    return answer;
  };
