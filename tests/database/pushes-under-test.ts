import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { outbox } from '@miaobu/shared/db/outbox';
import { sql } from '@miaobu/shared/db/sql';
import { createLog } from '@miaobu/shared/runtime/logger';
import { connectHook } from '../../functions/deploy/connect-hook.ts';
import { findHooksInUse } from '../../functions/deploy/find-hooks-in-use.ts';
import { findUnsynced } from '../../functions/deploy/find-unsynced.ts';
import { redeliverFailed } from '../../functions/deploy/redeliver-failed.ts';
import { type Duty, type DutyName, dutySeconds, runDuties } from '../../functions/deploy/run-duties.ts';
import { syncBranch } from '../../functions/deploy/sync-branch.ts';
import type { IntakeTime } from '../../functions/webhook/intake-time.ts';
import { readBody } from '../../local/wire/emulator.ts';
import { workerUnderTest } from './deploy-under-test.ts';
import { type GithubUnderTest, startGithubUnderTest } from './github-under-test.ts';
import { openTestStore, prepareSite, type Site, type SiteOptions, type TestStore } from './prepare-deployment.ts';
import { webhookUnderTest } from './webhook-under-test.ts';

export interface QueuedDeployment {
  readonly slug: string;
  readonly commitSha: string;
  readonly trigger: string;
  readonly commitMessage: string;
}

/** The outcome of a delivery on our side. */
export interface ReceivedDelivery {
  readonly slug: string;
  readonly afterSha: string;
  readonly outcome: string;
  readonly note: string | null;
}

/** From `git push` to the deployments queued for it: GitHub delivers over HTTP, and `deploy` finds what was not delivered. */
export interface PushesUnderTest {
  readonly stored: TestStore;
  readonly github: GithubUnderTest;
  /** Where GitHub delivers to. */
  readonly controlOrigin: string;
  /** Sites of `you/site`, each with its hook at GitHub, as after an import. */
  connect(options?: SiteOptions & { readonly rootDirectory?: string; readonly watchPaths?: string[] }): Promise<Site>;
  /** Commits these files to `main` and pushes; returns the commit's id. */
  push(message: string, files: Readonly<Record<string, string>>): Promise<string>;
  /**
   * Backdates all known pushes by an hour. GitHub's times have a resolution of one second, so for two pushes within one only the
   * branch can tell which was the last; a test about something else avoids that.
   */
  ageWhatIsKnown(): Promise<void>;
  /** While false, the webhook answers 503. */
  setReachable(reachable: boolean): void;
  /** Advances the clock by this much, and wakes up `deploy`. */
  wakeUpAfter(seconds: number): Promise<void>;
  deployments(): Promise<QueuedDeployment[]>;
  received(): Promise<ReceivedDelivery[]>;
  /** Deletes every row and every hook. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

export async function startPushesUnderTest(time?: IntakeTime): Promise<PushesUnderTest> {
  const stored = await openTestStore();
  const github = await startGithubUnderTest();
  const { store, db } = stored;
  const webhook = webhookUnderTest(stored, undefined, time);
  let reachable = true;
  let moved = 0;
  const server = createServer(async (request, response) => {
    const body = await readBody(request, 1 << 25);
    const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
    const hook = request.url?.split('/').at(-1) ?? '';
    const answer = reachable ? await webhook.send(hook, body.toString(), Object.fromEntries(headers)) : undefined;
    response.writeHead(answer?.status ?? 503).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const controlOrigin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const { codeHost } = github;
  const handlers = {
    'hook.connect': connectHook({ ...stored, codeHost, controlOrigin }),
    'hook.redeliver': redeliverFailed({ ...stored, codeHost, now: () => new Date(Date.now() + moved * 1000) }),
    'branch.sync': syncBranch({ ...stored, codeHost }),
  };
  const work = () => workerUnderTest(stored)(handlers);
  const names = Object.keys(dutySeconds) as DutyName[];
  const others = Object.fromEntries(names.map((name): [DutyName, Duty] => [name, async () => 0]));
  const duties = runDuties({
    store,
    duties: {
      // Those not about pushes find nothing to do.
      ...(others as Record<DutyName, Duty>),
      'find-unsynced': findUnsynced({ store }),
      'find-hooks-in-use': findHooksInUse({ store }),
    },
  });
  const context = { requestId: 'timer', log: createLog({}, () => {}), signal: new AbortController().signal };

  const pushes: PushesUnderTest = {
    stored,
    github,
    controlOrigin,
    async connect({ rootDirectory = '', watchPaths, ...options } = {}) {
      const repository = await codeHost.getRepository('token-of-you', 'you/site');
      if (!repository) throw new Error('push to the repository first');
      const site = await prepareSite(stored, { ...options, githubRepositoryId: repository.id });
      const { id } = site.project;
      await db.query(sql`
        update projects set root_directory = ${rootDirectory}, watch_paths = ${watchPaths ?? null} where id = ${id}`);
      await store.enqueue({
        topic: 'hook.connect',
        lane: `hook:${id}`,
        dedupeKey: `hook.connect:${id}`,
        payload: { project_id: id },
        requestId: 'import',
      });
      await work();
      return site;
    },
    async push(message, files) {
      const sha = await github.checkout.commit(message, files);
      await github.checkout.git('push', '--quiet', '--force', 'origin', 'HEAD:main');
      return sha;
    },
    async ageWhatIsKnown() {
      await db.query(sql`update environments set head_pushed_at = head_pushed_at - 3600`);
    },
    setReachable(now) {
      reachable = now;
    },
    async wakeUpAfter(seconds) {
      await stored.moveClock(seconds);
      moved += seconds;
      await outbox(db).reap();
      await duties(context);
      await work();
    },
    deployments: () =>
      db.query(sql`
        select p.slug, d.commit_sha, d.trigger, d.commit_message
          from deployments d join projects p on p.id = d.project_id order by d.id`),
    received: () =>
      db.query(sql`
        select p.slug, w.after_sha, w.outcome, w.note
          from webhook_deliveries w join projects p on p.id = w.project_id where w.event = 'push' order by w.id`),
    async empty() {
      const hooks = (await (await github.github.api('/repos/you/site/hooks')).json()) as { readonly id: number }[];
      for (const { id } of hooks) await codeHost.deleteHook('token-of-you', 'you/site', id);
      await stored.empty();
      reachable = true;
      moved = 0;
    },
    async close() {
      await github.close();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
      await stored.close();
    },
  };
  // A repository exists from its first push.
  await pushes.push('first', { 'index.html': 'first' });
  return pushes;
}
