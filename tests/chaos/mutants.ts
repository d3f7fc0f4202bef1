import { skipMarkerIn } from '@miaobu/shared/kernel/skip-marker';
import type { Repositories } from '@miaobu/shared/model/repositories';
import type { Retention } from '../../functions/cleanup/retention.ts';
import type { ChangeRepositories } from './guarded-calls.ts';
import type { Net } from './nets.ts';

/** The product with one of its safeguards removed. The simulator must notice within a few seeds. */
export interface Mutant {
  readonly name: string;
  /** What the product does without the safeguard. */
  readonly does: string;
  readonly change?: ChangeRepositories;
  /** Statements that change the schema. */
  readonly sql?: string;
  readonly retention?: Partial<Retention>;
  /** A seed that detected it; if it no longer does, the following seeds are tried. */
  readonly firstSeed: number;
  /** Nets that would repair the damage, and so have to be disabled to see it. */
  readonly without?: readonly Net[];
}

const changeOf =
  <Part extends keyof Repositories>(
    part: Part,
    change: (original: Repositories[Part]) => Partial<Repositories[Part]>,
  ) =>
  (repositories: Repositories): Repositories => ({
    ...repositories,
    [part]: { ...repositories[part], ...change(repositories[part]) },
  });

/** Reuses the old deployment of a commit that was deployed before, whatever was deployed in between. */
function dedupeByCommit(repositories: Repositories): Repositories {
  const { deployments, deliveries, pushes } = repositories;
  const earlier = async (environmentId: string, commitSha: string | null) => {
    const same = commitSha === null ? undefined : await deployments.findNewestOfCommit(environmentId, commitSha);
    return same && same.status !== 'failed' && same.status !== 'cancelled' ? same : undefined;
  };
  return {
    ...repositories,
    deployments: {
      ...deployments,
      insertNext: async (wanted, by) =>
        (await earlier(wanted.environment.id, wanted.commitSha)) ?? deployments.insertNext(wanted, by),
    },
    pushes: {
      ...pushes,
      accept: (wanted, by) =>
        Promise.all(
          wanted.map(async (push) => {
            const same = await earlier(push.known.environment.id, push.head.sha);
            if (!same) return (await pushes.accept([push], by))[0];
            await deliveries.insert({ ...push.delivery, outcome: 'duplicate_head', deploymentId: same.id });
            return same.id;
          }),
        ),
    },
  };
}

/** Skips a push that asks for it, whatever is missing before it. */
function skipMarked(repositories: Repositories): Repositories {
  const { environments, deliveries, pushes } = repositories;
  return {
    ...repositories,
    pushes: {
      ...pushes,
      accept: (wanted, by) =>
        Promise.all(
          wanted.map(async (push) => {
            const { deployment, known, head, delivery } = push;
            if (skipMarkerIn(deployment.commitMessage ?? '') === undefined) return (await pushes.accept([push], by))[0];
            await environments.rememberHead(known.environment.id, head);
            await environments.rememberSkipped(known.environment.id, { sha: head.sha, changes: true });
            await deliveries.insert({ ...delivery, outcome: 'skipped' });
            return undefined;
          }),
        ),
    },
  };
}

/** Gives every message up after so many tries as take two minutes. */
const fewTries = (repositories: Repositories): Repositories => ({
  ...repositories,
  enqueue: (...messages) =>
    repositories.enqueue(
      ...messages.map((message) => ({ ...message, maxAttempts: Math.min(message.maxAttempts ?? 8, 8) })),
    ),
});

/** A map that claims to contain every content, of any size. */
const everything = () => Object.assign(new Map<string, number>(), { has: () => true, get: () => undefined });

export const mutants: readonly Mutant[] = [
  {
    name: 'dedupe-by-commit',
    firstSeed: 6,
    does: 'treats a push of a commit that was deployed before as a duplicate',
    change: dedupeByCommit,
    without: ['sync'],
  },
  {
    name: 'marker-first',
    firstSeed: 21,
    does: 'skips a push that asks for it although the one before it is missing',
    change: skipMarked,
  },
  {
    name: 'ignore-order',
    firstSeed: 3,
    does: 'accepts every push as the newest',
    change: changeOf('pushes', ({ findStanding }) => ({
      async findStanding(...which) {
        const standing = await findStanding(...which);
        const branches = standing?.branches.map((branch) => ({
          ...branch,
          environment: { ...branch.environment, headPushedAt: -1 },
        }));
        return standing && branches && { ...standing, branches };
      },
    })),
    without: ['sync'],
  },
  {
    name: 'last-finisher-wins',
    firstSeed: 3,
    does: 'switches to the build that finishes last, whatever the order of pushes',
    change: changeOf('environments', ({ lock }) => ({
      lock: async (id) => ({ ...(await lock(id)), activatedSeq: 0 }),
    })),
  },
  {
    name: 'anything-supersedes',
    firstSeed: 1,
    does: 'lets a redeployment, a commit or an upload cancel a push that waits for its build',
    change: changeOf('deployments', ({ moveQueued }) => ({
      moveQueued: (environmentId, move) => moveQueued(environmentId, move, { headsToo: true }),
    })),
  },
  {
    name: 'promotion-is-newest',
    firstSeed: 34,
    does: 'takes what somebody switched to for newer than all that is being built',
    change: changeOf('environments', ({ lock, switchTo }) => ({
      async switchTo(id, { id: deploymentId, seq }) {
        const { activatedSeq, nextSeq } = await lock(id);
        await switchTo(id, { id: deploymentId, seq: seq < activatedSeq ? nextSeq - 1 : seq });
      },
    })),
  },
  {
    name: 'few-tries',
    firstSeed: 2,
    does: 'gives up all work in an outage of some minutes',
    change: fewTries,
  },
  {
    name: 'guid-only',
    firstSeed: 1,
    does: "identifies deliveries by GitHub's id alone, which several hooks share",
    sql: `
      alter table webhook_deliveries drop constraint webhook_deliveries_project_id_delivery_guid_key;
      alter table webhook_deliveries add unique (delivery_guid);`,
  },
  {
    name: 'no-exposure',
    firstSeed: 13,
    does: 'records no exposures, and deletes a replaced deployment at once',
    change: changeOf('routes', () => ({ expose: async () => {} })),
    retention: { keep: 1, graceSeconds: 0 },
  },
  {
    name: 'no-fencing',
    firstSeed: 5,
    does: 'lets a worker that has lost its lease commit its result',
    sql: `
      create or replace function outbox_finish(p_ids uuid[], p_tokens bigint[]) returns setof bigint language sql as $$
        update outbox set state = 'done', finished_at = db_now(), lease_until = null where id = any (p_ids);
        select unnest(p_tokens) $$;`,
    change: changeOf('routes', ({ acknowledge, find }) => ({
      acknowledge: async (hostname, published) =>
        acknowledge(hostname, { ...published, fence: (await find(hostname))?.lastFence ?? published.fence }),
    })),
  },
  {
    name: 'no-verification',
    firstSeed: 16,
    does: 'trusts the runner that every content matches its hash',
    change: changeOf('blobs', () => ({ findVerified: async () => everything() })),
  },
];
