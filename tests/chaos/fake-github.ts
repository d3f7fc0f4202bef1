import { createHash, createHmac } from 'node:crypto';
import type { CodeCommit, CodeHost } from '@miaobu/shared/ports/code-host';
import { type SeededRandom, seededRandom } from './seeded-random.ts';
import { BEGINNING, type VirtualClock } from './virtual-clock.ts';

/** The outcome of building a commit, the same every time. `hostile`: its runner lies about what it uploads. */
export type Character = 'good' | 'fails' | 'hostile';

export interface Commit {
  readonly sha: string;
  readonly character: Character;
  /** What it has under `site/`: the same as its parent, when it only changes the rest of the repository. */
  readonly site: string;
  /** Undefined: the first of its branch. */
  readonly parent: string | undefined;
  /** Its message asks for no deployment. */
  readonly isMarked: boolean;
}

/** One event sent to one hook. GitHub uses the same delivery id for every hook, and never redelivers by itself. */
export interface Delivery {
  readonly guid: string;
  readonly url: string;
  readonly body: Buffer;
  readonly signature: string;
  readonly id: number;
  /** When it was, or will be, first sent. */
  readonly firstAt: Date;
  /** How often it was sent. */
  attempts: number;
  /** A 2xx came back. */
  answered: boolean;
}

export const REPOSITORY = { id: 4711, name: 'you/site', defaultBranch: 'main' } as const;

const NOBODY = '0'.repeat(40);
/** Maximum age of an answer: when a head is followed up (45 s), what the first answer missed is visible. */
const OLDEST_ANSWER_SECONDS = 40;

/** The state GitHub is asked about, from a moment on. */
interface State {
  /** Virtual milliseconds. */
  readonly since: number;
  /** Seconds. */
  readonly pushedAt: number;
  readonly branches: ReadonlyMap<string, string>;
}

const sha1 = (text: string) => createHash('sha1').update(text).digest('hex');

/** A repository with branches, hooks and people who push. Its answer about a branch may be up to 40 seconds old. */
export interface FakeGithub {
  readonly codeHost: CodeHost;
  readonly branches: ReadonlyMap<string, string>;
  readonly commits: ReadonlyMap<string, Commit>;
  readonly deliveries: readonly Delivery[];
  /** How often somebody has pushed. */
  readonly pushes: () => number;
  readonly hooks: () => number;
  /** How often a branch had been moved to a commit by then. */
  pushesTo(branch: string, sha: string, by: Date): number;
  /** The commits a branch recently pointed at. */
  history(branch: string): string[];
  /** Deliveries to be sent, in no order. */
  readonly outgoing: Delivery[];
  /** Moves a branch to a new commit, or back to one; sometimes within the same second as the previous push. Returns the deliveries. */
  push(branch: string, backTo?: string): Delivery[];
  deleteBranch(branch: string): Delivery[];
  pushTag(): Delivery[];
}

export function fakeGithub(random: SeededRandom, clock: VirtualClock): FakeGithub {
  const branches = new Map<string, string>();
  const commits = new Map<string, Commit>();
  const hooks = new Map<string, { readonly id: number; secret: string }>();
  const deliveries: Delivery[] = [];
  const outgoing: Delivery[] = [];
  const history = new Map<string, string[]>();
  const states: State[] = [];
  // Their own random numbers, so that the number of queries and what commits say change nothing else.
  const ownSeed = Math.floor(random.next() * 2 ** 32);
  const replicas = seededRandom(ownSeed);
  const messages = seededRandom(ownSeed + 1);
  const staleRate = replicas.pick([0, 0.1, 0.3]) ?? 0;
  let pushes = 0;
  let pushedAt = 1_900_000_000;

  /** Times have a resolution of one second, which two pushes may share. */
  function passSecond(): void {
    const mayShare = random.chance(0.3);
    const isSameSecond = clock.now() - (states.at(-1)?.since ?? 0) < 1000;
    if (!mayShare || !isSameSecond) pushedAt += 1;
  }

  const remember = () => void states.push({ since: clock.now(), pushedAt, branches: new Map(branches) });

  /** GitHub as one answer shows it: some come from a replica that lags. */
  function shownNow(): Pick<State, 'pushedAt' | 'branches'> {
    const isStale = replicas.chance(staleRate);
    const asOf = clock.now() - (isStale ? replicas.between(1, OLDEST_ANSWER_SECONDS) * 1000 : 0);
    return states.findLast(({ since }) => since <= asOf) ?? { pushedAt, branches };
  }

  function tell(
    ref: string,
    before: string,
    after: string,
    { forced = false, files = [] as string[] } = {},
  ): Delivery[] {
    pushes += 1;
    const guid = `guid-${pushes}`;
    // The first and third of three pushes back and forth within a second have the same body, as at GitHub.
    const deleted = after === NOBODY;
    const event = {
      ref,
      before,
      after,
      created: before === NOBODY,
      deleted,
      forced,
      commits: files.length === 0 ? [] : [{ added: [], removed: [], modified: files }],
      head_commit: deleted ? null : { id: after, message: messageOf(after), author: { username: 'you' } },
      repository: { id: REPOSITORY.id, full_name: REPOSITORY.name, pushed_at: pushedAt },
    };
    const body = Buffer.from(JSON.stringify(event));
    const told = [...hooks].map(([url, { secret }], index) => {
      const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
      const id = deliveries.length + index;
      return { guid, url, body, signature, id, firstAt: clock.date(), attempts: 0, answered: false };
    });
    deliveries.push(...told);
    return told;
  }

  function commitOn(parent: Commit | undefined): string {
    const sha = sha1(`commit ${commits.size}`);
    const character = random.pick<Character>(['good', 'good', 'good', 'good', 'good', 'good', 'fails', 'hostile']);
    const isBesides = parent !== undefined && random.chance(0.3);
    const own = { site: sha, character: commits.size === 0 ? 'good' : (character ?? 'good') };
    const isMarked = parent !== undefined && messages.chance(0.25);
    commits.set(sha, { ...(isBesides ? parent : own), sha, parent: parent?.sha, isMarked });
    return sha;
  }

  const messageOf = (sha: string) => (commits.get(sha)?.isMarked ? 'Change it [skip ci]' : 'Change it');

  const shown = (sha: string): CodeCommit => ({
    sha,
    message: messageOf(sha),
    parents: [commits.get(sha)?.parent ?? []].flat(),
    authorName: 'You',
    authorLogin: 'you',
    committedAt: clock.date(),
  });

  const codeHost: CodeHost = {
    getRepository: async () => ({
      id: REPOSITORY.id,
      fullName: REPOSITORY.name,
      defaultBranch: REPOSITORY.defaultBranch,
      private: false,
      cloneUrl: `https://github.example/${REPOSITORY.name}.git`,
      pushedAt: new Date(shownNow().pushedAt * 1000),
    }),
    listRepositories: async () => ({ repositories: [], hasMore: false }),
    listBranches: async () => ({ branches: [...branches].map(([name, sha]) => ({ name, sha })), hasMore: false }),
    async getBranchHead(_token, _repository, branch) {
      const sha = shownNow().branches.get(branch);
      return sha === undefined ? undefined : shown(sha);
    },
    getCommit: async (_token, _repository, ref) => (commits.has(ref) ? shown(ref) : undefined),
    listTree: async () => ({ paths: ['index.html'], truncated: false }),
    readFile: async () => undefined,
    archiveUrl: async (_token, repository, sha) => `https://github.example/${repository}/tar.gz/${sha}`,
    async createPushHook(_token, _repository, { url, secret }) {
      const known = hooks.get(url);
      if (known) known.secret = secret;
      else hooks.set(url, { id: hooks.size + 1, secret });
      return { id: hooks.get(url)?.id ?? 0 };
    },
    async findPushHook(_token, _repository, url) {
      const hook = hooks.get(url);
      return hook && { id: hook.id };
    },
    async listFailedDeliveries(_token, _repository, hookId) {
      const url = [...hooks].find(([, { id }]) => id === hookId)?.[0];
      if (url === undefined) return undefined;
      return deliveries.filter((each) => each.url === url && each.attempts > 0 && !each.answered);
    },
    async redeliver(_token, _repository, _hookId, deliveryId) {
      const delivery = deliveries[deliveryId];
      if (delivery) outgoing.push(delivery);
      return delivery !== undefined;
    },
    async deleteHook(_token, _repository, hookId) {
      for (const [url, { id }] of hooks) if (id === hookId) hooks.delete(url);
    },
    setCommitStatus: async () => {},
  };

  return {
    codeHost,
    branches,
    commits,
    deliveries,
    outgoing,
    pushes: () => pushes,
    hooks: () => hooks.size,
    pushesTo: (branch, sha, by) =>
      states.filter(
        ({ since, branches: now }, index) =>
          now.get(branch) === sha &&
          states[index - 1]?.branches.get(branch) !== sha &&
          Date.parse(BEGINNING) + since <= by.getTime(),
      ).length,
    history: (branch) => (history.get(branch) ?? []).slice(-3),
    push(branch, backTo) {
      const before = branches.get(branch) ?? NOBODY;
      const parent = commits.get(before);
      const to = backTo ?? commitOn(parent);
      if (before === to) return [];
      const files = [commits.get(to)?.site === parent?.site ? 'docs/notes.md' : 'site/page.md'];
      passSecond();
      branches.set(branch, to);
      remember();
      history.set(branch, [...(history.get(branch) ?? []), to]);
      return tell(`refs/heads/${branch}`, before, to, backTo === undefined ? { files } : { forced: true });
    },
    deleteBranch(branch) {
      const before = branches.get(branch);
      if (before === undefined) return [];
      branches.delete(branch);
      pushedAt += 1;
      remember();
      return tell(`refs/heads/${branch}`, before, NOBODY);
    },
    pushTag() {
      pushedAt += 1;
      remember();
      return tell('refs/tags/v1', NOBODY, [...branches.values()][0] ?? NOBODY);
    },
  };
}
