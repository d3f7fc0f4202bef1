import { randomUUID } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isProcessAlive } from '../processes/process-alive.ts';
import { runGit, startGit } from './git-command.ts';
import { type GithubRepositories, type GithubRepository, readRefs } from './github-repositories.ts';
import type { GithubState } from './github-state.ts';
import type { GithubUrls } from './github-urls.ts';
import type { GithubUser, GithubUsers } from './github-users.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { NO_OBJECT, pushEvent, type RefChange } from './push-event.ts';
import type { WebhookDeliveries } from './webhook-deliveries.ts';
import type { Hooks } from './webhook-hooks.ts';

/** GitHub sends no events for tags when more than this many are pushed at once. */
const TAGS_PER_PUSH = 3;

export interface PushResult {
  /** The answer of `git receive-pack` to the client. */
  readonly output: Buffer;
  readonly changes: readonly RefChange[];
  /** Ids of the webhook deliveries that are queued for it. */
  readonly deliveries: readonly number[];
}

/** git could not read the push at all; the message is git's own. */
export class PushRefused extends Error {}

export interface PushIntake {
  /** Takes a push whose whole request body is in `file`. Rejects with `PushRefused` when git has no answer to it. */
  receive(
    repository: GithubRepository,
    pusher: GithubUser,
    file: string,
    protocol: string | undefined,
  ): Promise<PushResult>;
  /** Reports pushes to the webhooks that the last process accepted but did not report. */
  recover(): Promise<void>;
}

interface Dependencies {
  readonly state: GithubState;
  readonly repositories: GithubRepositories;
  readonly hooks: Hooks;
  readonly deliveries: WebhookDeliveries;
  readonly users: GithubUsers;
  readonly urls: () => GithubUrls;
  readonly now: () => number;
}

/**
 * One push of a repository at a time, so that what changed during a push is what this push changed. Events and the memory
 * of having reported them are one transaction: each change is reported exactly once, even across a kill.
 */
export function createPushIntake(deps: Dependencies): PushIntake {
  const { state, repositories, hooks, deliveries, users, urls, now } = deps;
  const { database } = state;
  const serially = oneAtATime<number>();

  const seenRefs = (repositoryId: number) => {
    const rows = database.prepare('select name, sha from seen_ref where repository_id = ?').all(repositoryId);
    return new Map(rows.map((row) => [String(row.name), String(row.sha)]));
  };

  /** Compares the repository with what was last reported, reports the difference, and remembers it. */
  const tellChanges = async (repositoryId: number, pusher: GithubUser) => {
    const before = repositories.get(repositoryId);
    const refsBefore = seenRefs(repositoryId);
    const refsAfter = await readRefs(before.directory);
    const changes = [...new Set([...refsBefore.keys(), ...refsAfter.keys()])]
      .map((ref) => ({ ref, before: refsBefore.get(ref) ?? NO_OBJECT, after: refsAfter.get(ref) ?? NO_OBJECT }))
      .filter((change) => change.before !== change.after);
    const pushedAt = changes.length > 0 ? now() : before.pushedAt;
    const repository = { ...before, pushedAt, defaultBranch: await chooseDefaultBranch(before, refsAfter, changes) };
    const owner = users.withLogin(repository.owner) ?? pusher;
    const tags = changes.filter(({ ref }) => ref.startsWith('refs/tags/'));
    const told = tags.length > TAGS_PER_PUSH ? changes.filter((change) => !tags.includes(change)) : changes;
    const events: string[] = [];
    for (const change of told) {
      const context = { repository, pusher, owner, users, urls: urls(), pushedAt: pushedAt ?? now(), refsBefore };
      events.push(JSON.stringify(await pushEvent(change, context)));
    }
    const queued = state.transaction(() => {
      const forget = database.prepare('delete from seen_ref where repository_id = ? and name = ?');
      const remember = database.prepare(
        'insert into seen_ref (repository_id, name, sha) values (?, ?, ?) on conflict do update set sha = excluded.sha',
      );
      for (const { ref, after } of changes) {
        if (after === NO_OBJECT) forget.run(repositoryId, ref);
        else remember.run(repositoryId, ref, after);
      }
      database
        .prepare('update repository set pushed_at = ?, default_branch = ? where id = ?')
        .run(pushedAt ?? null, repository.defaultBranch, repositoryId);
      database.prepare('delete from push_in_progress where repository_id = ?').run(repositoryId);
      const listening = hooks.listeningTo(repositoryId, 'push');
      return events.flatMap((payload) => {
        const guid = randomUUID();
        return listening.flatMap((hook) => deliveries.queue(hook, 'push', guid, payload) ?? []);
      });
    });
    for (const hook of hooks.of(repositoryId)) deliveries.wake(hook.id);
    return { changes, deliveries: queued };
  };

  return {
    receive: (repository, pusher, file, protocol) =>
      serially(repository.id, async () => {
        database
          .prepare('insert or replace into push_in_progress (repository_id, login) values (?, ?)')
          .run(repository.id, pusher.login);
        const { output, complaint } = await receivePack(repository, file, protocol, (processId) =>
          database
            .prepare('update push_in_progress set process_id = ? where repository_id = ?')
            .run(processId, repository.id),
        );
        const told = await tellChanges(repository.id, pusher);
        if (output.length === 0 && complaint) throw new PushRefused(complaint);
        return { output, ...told };
      }),
    async recover() {
      for (const row of database.prepare('select * from push_in_progress').all()) {
        const repositoryId = Number(row.repository_id);
        const repository = repositories.get(repositoryId);
        const pusher = users.withLogin(String(row.login)) ?? users.withLogin(repository.owner);
        if (!pusher) continue;
        if (row.process_id !== null) await outlive(Number(row.process_id));
        await serially(repositoryId, () => tellChanges(repositoryId, pusher));
      }
    },
  };
}

/** On GitHub the first branch that is pushed becomes the default branch. */
async function chooseDefaultBranch(
  repository: GithubRepository,
  refs: ReadonlyMap<string, string>,
  changes: readonly RefChange[],
): Promise<string> {
  if (refs.has(`refs/heads/${repository.defaultBranch}`)) return repository.defaultBranch;
  const first = changes.find(({ ref, after }) => ref.startsWith('refs/heads/') && after !== NO_OBJECT);
  if (!first) return repository.defaultBranch;
  await runGit(repository.directory, ['symbolic-ref', 'HEAD', first.ref]);
  return first.ref.slice('refs/heads/'.length);
}

async function receivePack(
  repository: GithubRepository,
  file: string,
  protocol: string | undefined,
  started: (processId: number) => void,
): Promise<{ output: Buffer; complaint: string }> {
  const input = openSync(file, 'r');
  try {
    const child = startGit(
      ['receive-pack', '--stateless-rpc', repository.directory],
      [input, 'pipe', 'pipe'],
      protocol,
    );
    if (child.pid !== undefined) started(child.pid);
    const output: Buffer[] = [];
    const complaint: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => complaint.push(chunk));
    await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    return { output: Buffer.concat(output), complaint: Buffer.concat(complaint).toString().trim() };
  } finally {
    closeSync(input);
  }
}

/** Waits until a receive-pack that was orphaned by a kill is gone: it may still be moving refs. */
async function outlive(processId: number): Promise<void> {
  const until = performance.now() + 10_000;
  while (isProcessAlive(processId) && performance.now() < until) await delay(50);
}
