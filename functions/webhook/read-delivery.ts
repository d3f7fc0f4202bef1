import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Context } from '@miaobu/shared/kernel/context';
import { invalidFields } from '@miaobu/shared/kernel/invalid-fields';
import type { NewDelivery } from '@miaobu/shared/model/delivery/delivery-repository';
import type { Project } from '@miaobu/shared/model/project/project';
import { type GithubPush, githubPush } from './github-push.ts';
import { isNestedDeeper } from './is-nested-deeper.ts';

/** One delivery, as received. `hook` is the last segment of the hook's URL. */
export interface ReceivedDelivery {
  readonly hook: string;
  readonly event: string | undefined;
  readonly deliveryGuid: string | undefined;
  readonly signature: string | undefined;
  readonly body: Buffer;
}

/** What is recorded of every delivery, whatever its outcome. */
export type RecordedDelivery = Omit<NewDelivery, 'outcome' | 'note' | 'deploymentId'>;

export interface ReadDelivery {
  /** Undefined for other events. */
  readonly push: GithubPush | undefined;
  readonly recorded: RecordedDelivery;
}

/** GitHub's events have about five levels. */
const DEEPEST = 32;
const LONGEST_HEADER = 100;

function parsePush(body: Buffer): GithubPush {
  if (isNestedDeeper(body, DEEPEST)) {
    throw new AppError('invalid_json', { details: { problem: `it is nested deeper than ${DEEPEST}` } });
  }
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new AppError('invalid_json', { cause });
  }
  const parsed = githubPush.safeParse(value);
  if (!parsed.success) throw invalidFields('body', parsed.error.issues);
  return parsed.data;
}

function readHeaders({ event, deliveryGuid }: ReceivedDelivery): { event: string; deliveryGuid: string } {
  const given = { 'x-github-event': event, 'x-github-delivery': deliveryGuid };
  const wrong = Object.entries(given).filter(([, value]) => !value || value.length > LONGEST_HEADER);
  if (event === undefined || deliveryGuid === undefined || wrong.length > 0) {
    const message = `is required, and has at most ${LONGEST_HEADER} characters`;
    throw invalidFields(
      'headers',
      wrong.map(([name]) => ({ path: [name], message })),
    );
  }
  return { event, deliveryGuid };
}

/** Parses a delivery with a valid signature. Throws `invalid_json`, `invalid_request`, and `forbidden` for another repository's push. */
export function readDelivery(
  delivery: ReceivedDelivery,
  project: Project,
  bodySha256: Buffer,
  { requestId, log }: Pick<Context, 'requestId' | 'log'>,
): ReadDelivery | 'ping' {
  const { event, deliveryGuid } = readHeaders(delivery);
  if (event === 'ping') return 'ping';
  const push = event === 'push' ? parsePush(delivery.body) : undefined;
  if (push && push.repository.id !== project.githubRepositoryId) {
    log.warn('a signed push names another repository', { projectId: project.id });
    throw new AppError('forbidden');
  }
  const recorded = {
    projectId: project.id,
    deliveryGuid,
    event,
    ref: push?.ref ?? null,
    beforeSha: push?.before ?? null,
    afterSha: push?.after ?? null,
    pushedAt: push?.repository.pushed_at ?? null,
    bodySha256,
    requestId,
  };
  return { push, recorded };
}
