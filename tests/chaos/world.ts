import { kvKey, parseRoute, ROUTE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { sql } from '@miaobu/shared/db/sql';
import { githubTokenContext, type User } from '@miaobu/shared/model/account/account-repository';
import { branchSyncMessage } from '@miaobu/shared/model/environment/branch-sync-message';
import { repositories } from '@miaobu/shared/model/repositories';
import { createDeployHook } from '../../functions/api/deploy-hooks/create-deploy-hook.ts';
import { createProject } from '../../functions/api/projects/create-project.ts';
import { signedIn } from '../database/signed-in.ts';
import type { ChaosDatabase } from './chaos-database.ts';
import { address, composePlatform, type Platform, type PlatformParts, unhindered } from './compose-platform.ts';
import { type FakeBuildRunner, fakeBuildRunner } from './fake-build-runner.ts';
import { type FakeEdge, fakeEdge } from './fake-edge.ts';
import { type FakeGithub, fakeGithub, REPOSITORY } from './fake-github.ts';
import { type FakeObjectStore, fakeObjectStore } from './fake-object-store.ts';
import { type FaultPlan, faultPlan } from './fault-plan.ts';
import type { Mutant } from './mutants.ts';
import type { Net } from './nets.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';
import { type SeededRandom, seededRandom } from './seeded-random.ts';
import { createTrace, type Trace } from './trace.ts';
import { type VirtualClock, virtualClock } from './virtual-clock.ts';

export interface RunOptions {
  readonly mutant?: Mutant | undefined;
  readonly without?: readonly Net[];
}

/** A folder without a commit. */
export interface UploadedFolder {
  /** Stands for its contents, as a commit's hash does. */
  readonly sha: string;
  readonly isHostile: boolean;
  /** Its uploader was told that everything has arrived. */
  isAccepted: boolean;
}

/** Everything one run consists of. */
export interface World {
  readonly database: ChaosDatabase;
  readonly random: SeededRandom;
  readonly clock: VirtualClock;
  readonly trace: Trace;
  readonly faults: FaultPlan;
  readonly scheduler: Scheduler;
  readonly github: FakeGithub;
  readonly runner: FakeBuildRunner;
  readonly edge: FakeEdge;
  readonly objects: FakeObjectStore;
  readonly without: ReadonlySet<Net>;
  readonly parts: PlatformParts;
  readonly owner: User;
  /** The platform for what happens outside of the story. */
  readonly platform: Platform;
  /** Doorbell rings not yet answered. */
  readonly wakeUps: { count: number };
  /** Whether the second project's deletion was requested. */
  readonly deletion: { began: boolean };
  /** How many deployments were asked for with the API. */
  readonly requests: { count: number };
  /** Public ids of deployments that the API has answered with: they are recorded. */
  readonly promised: string[];
  /** Deployments that somebody tried to cancel. */
  readonly cancelled: Set<string>;
  /** Folders that somebody uploads, by the public ids of their deployments. */
  readonly uploads: Map<string, UploadedFolder>;
  /** Slugs of the projects for which a part of the repository did not matter at some time. */
  readonly narrowed: Set<string>;
  /** The deploy hook of the first project's production. */
  readonly hook: { readonly id: string; readonly secret: string };
  /** How often no actor had anything to do since the last push. */
  readonly quiet: { count: number };
  /** Slugs of the projects in which a runner uploaded wrong content. */
  readonly poisoned: Set<string>;
  /** Earlier requests, to be sent again: they must change nothing. */
  readonly recorded: { readonly what: string; readonly again: (platform: Platform) => Promise<unknown> }[];
  /** Advances the time for everyone. */
  advance(seconds: number): void;
}

/** Two projects on one repository, the first with a second environment: they share deliveries, and contents. */
export const SITES = [
  { slug: 'site', environment: 'production', branch: 'main' },
  { slug: 'shop', environment: 'production', branch: 'main' },
  { slug: 'site', environment: 'staging', branch: 'dev' },
] as const;

/** The most rings that wait for an instance: more would find nothing to do. */
const MOST_WAKE_UPS = 2;
const RETENTION = { keep: 2, graceSeconds: 20 * 60, contentGraceSeconds: 65 * 60 };

/** Returns the deploy hook of the first. */
async function importSites({
  platform,
  owner: user,
  parts,
  github,
  database,
}: Omit<World, 'hook'>): Promise<World['hook']> {
  const { store, sealer, readGithubToken, context } = platform;
  await store.accounts.storeGithubToken(user.id, await sealer.seal('token', { context: githubTokenContext(user.id) }));
  const doorbell = parts.outside.doorbell;
  const create = createProject({ store, sealer, readGithubToken, codeHost: github.codeHost, doorbell, address });
  for (const slug of ['site', 'shop']) {
    await create({ params: {}, query: {}, body: { repo: REPOSITORY.name, slug, name: slug } }, signedIn(user), context);
  }
  const [blog] = await database.db.query<{ id: string }>(sql`select id from projects where slug = 'site'`);
  if (!blog) throw new Error('the import left no project');
  const staging = await store.environments.insert({ projectId: blog.id, name: 'staging', branch: 'dev' });
  const hostname = address.hostname('site', 'staging');
  await store.routes.insert({ hostname, projectId: blog.id, environmentId: staging.id });
  await store.enqueue(branchSyncMessage(staging.id, 'set-up'));
  const body = { name: 'content', environment: 'production' } as const;
  const { data } = await createDeployHook({ store })(
    { params: { project: 'site' }, query: {}, body },
    signedIn(user),
    context,
  );
  return data;
}

/** A world at its beginning: the repository has a commit on each branch, the sites are imported, nothing is built. */
export async function createWorld(database: ChaosDatabase, seed: number, options: RunOptions): Promise<World> {
  await database.reset(seed);
  const random = seededRandom(seed);
  const clock = virtualClock();
  const trace = createTrace(clock);
  const without = new Set([...(options.without ?? []), ...(options.mutant?.without ?? [])]);
  const faults = faultPlan(seed, random, clock, without);
  database.onViolation((violation) => faults.report(violation));
  const scheduler = createScheduler({ random, clock, trace, faults });
  const github = fakeGithub(random, clock);
  const runner = fakeBuildRunner(clock);
  const edge = fakeEdge(clock);
  const objects = fakeObjectStore(clock);
  const wakeUps = { count: 0 };
  const parts: PlatformParts = {
    database,
    trace,
    monotonicMs: () => clock.now(),
    retention: { ...RETENTION, ...options.mutant?.retention },
    without,
    now: () => clock.date(),
    change: options.mutant?.change ?? ((same) => same),
    outside: {
      objectStore: objects,
      edgeStore: edge.store,
      edgeZone: edge.zone,
      dnsZone: { upsertCname: async () => ({ changed: false }), deleteCname: async () => {} },
      codeHost: github.codeHost,
      buildRunner: runner,
      buildLog: { append: async () => 1, delete: async () => {} },
      siteProbe: {
        deploymentAt: async (hostname) =>
          parseRoute(edge.current(ROUTE_NAMESPACE, kvKey(hostname)) ?? '')?.deployment_id,
      },
      doorbell: {
        async ring() {
          const isLost = without.has('doorbell') || (random.chance(faults.rates.lostRing) && !faults.stopped());
          if (!isLost) wakeUps.count = Math.min(wakeUps.count + 1, MOST_WAKE_UPS);
        },
      },
      putLater: edge.putLater,
    },
  };
  const platform = composePlatform(unhindered, parts);
  const world: Omit<World, 'hook'> = {
    ...{ database, random, clock, trace, faults, scheduler, github, runner, edge, objects, without, parts, wakeUps },
    platform,
    owner: await platform.store.accounts.upsertUser({ githubId: 1, githubLogin: 'you' }),
    deletion: { began: false },
    requests: { count: 0 },
    promised: [],
    cancelled: new Set(),
    uploads: new Map(),
    narrowed: new Set(),
    quiet: { count: 0 },
    poisoned: new Set(),
    recorded: [],
    advance(seconds) {
      clock.advance(seconds);
      database.setClock(clock.now());
    },
  };
  github.push('main');
  github.push('dev');
  return { ...world, hook: await importSites(world) };
}

export const storeOf = (world: World) => repositories(world.database.db);
