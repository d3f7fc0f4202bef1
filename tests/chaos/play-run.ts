import { createHash } from 'node:crypto';
import { type BuildReport, type BuildReportAnswer, buildJob, uploadJob } from '@miaobu/shared/contracts/build-job';
import { errors } from '@miaobu/shared/contracts/errors';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { type BuiltSite, builtSite, digestOf, type Lies, someLie } from './built-site.ts';
import { composePlatform, type Platform } from './compose-platform.ts';
import type { Run } from './fake-build-runner.ts';
import type { Actor } from './scheduler.ts';
import type { UploadedFolder, World } from './world.ts';

/** No answer came, or 5xx: the builder asks again. */
class NoAnswer extends Error {}
/** The platform needs nothing more from this run. */
class Over extends Error {}

type Answer<T> = { readonly value: T } | { readonly refused: AppError } | 'lost';

const IDLE_MS = 30_000;
const TRIES = 6;

/** One invocation of `build-callback`. */
function serve<T>(world: World, what: string, ask: (platform: Platform) => Promise<T>): Promise<Answer<T>> {
  let answer: Answer<T> = 'lost';
  const { ending } = world.scheduler.spawn(`callback ${what}`, async (actor) => {
    try {
      answer = { value: await ask(composePlatform(actor, world.parts)) };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (errors[error.code].status < 500) answer = { refused: error };
    }
  });
  return ending.then(() => answer);
}

/** The builder's side of the protocol: retries while there is no answer, as `builder/protocol/retry-request.ts` does. */
async function call<T>(world: World, actor: Actor, what: string, ask: (platform: Platform) => Promise<T>): Promise<T> {
  const failure = () => new NoAnswer(`no answer to ${what}`);
  world.recorded.push({ what, again: ask });
  for (let tries = 1; ; tries++) {
    try {
      await actor.effect({ label: `asks: ${what}`, failure }, () => {});
      if (!world.faults.stopped() && world.random.chance(world.faults.rates.doubleDelivery / 4)) {
        void serve(world, `${what} (double)`, ask);
      }
      const answer = (await actor.waitFor(serve(world, what, ask), IDLE_MS)) ?? 'lost';
      if (answer === 'lost') throw failure();
      await actor.effect({ label: `is answered: ${what}`, failure }, () => {});
      if ('value' in answer) return answer.value;
      const { code } = answer.refused;
      if (code === 'attempt_closed' || code === 'ticket_already_redeemed') throw new Over(code);
      throw answer.refused;
    } catch (error) {
      if (!(error instanceof NoAnswer) || tries === TRIES) throw error;
      await actor.sleep(5_000);
    }
  }
}

interface Session {
  readonly world: World;
  readonly actor: Actor;
  /** Of the run, or of the upload. */
  readonly name: string;
  readonly claim: { readonly deployment: string; readonly attempt: string; readonly authorization: string };
}

const bearer = (session: Session, token: string) => ({ ...session.claim, authorization: `Bearer ${token}` });

async function report(session: Session, said: BuildReport): Promise<BuildReportAnswer> {
  const { world, actor, claim } = session;
  const answer = await call(world, actor, `${said.kind} of ${session.name}`, (platform) =>
    platform.recordReport(claim, said, platform.context),
  );
  if (answer.stop && said.kind !== 'uploaded') throw new Over('told to stop');
  return answer;
}

/** PUTs a body to the given link; 409 means that it is already there. */
async function put(session: Session, url: string, body: Buffer): Promise<void> {
  const failure = () => new NoAnswer('the bucket does not answer');
  for (let tries = 1; ; tries++) {
    try {
      const status = await session.actor.effect({ label: `uploads ${new URL(url).pathname}`, failure }, () =>
        session.world.objects.upload(url, body),
      );
      if (status !== 200 && status !== 409) throw new Error(`the bucket answers ${status}`);
      return;
    } catch (error) {
      if (!(error instanceof NoAnswer) || tries === TRIES) throw error;
      await session.actor.sleep(2_000);
    }
  }
}

async function publish(session: Session, slug: string, site: BuiltSite, lies: Lies): Promise<BuildReportAnswer> {
  const { world, actor, claim, name } = session;
  const of = `of ${name}`;
  const { token } = await call(world, actor, `publication ${of}`, (platform) =>
    platform.grantPublication(claim, platform.context),
  );
  const blobs = [...site.contents].map(([sha256, content]) => ({ sha256, bytes: content.length }));
  const { uploads } = await call(world, actor, `uploads ${of}`, (platform) =>
    platform.requestUploads(bearer(session, token), { blobs: blobs.filter(({ sha256 }) => sha256 !== lies.withheld) }),
  );
  for (const { sha256, url } of uploads) {
    const content = site.contents.get(sha256) ?? Buffer.alloc(0);
    if (sha256 === lies.wrongContent) world.poisoned.add(slug);
    await put(session, url, sha256 === lies.wrongContent ? Buffer.alloc(content.length, '!') : content);
  }
  const manifest = Buffer.from(JSON.stringify(site.manifest));
  const described = { sha256: digestOf(manifest), bytes: manifest.length };
  const place = await call(world, actor, `manifest ${of}`, (platform) =>
    platform.requestManifestUpload(bearer(session, token), described),
  );
  await put(session, place.url, manifest);
  const manifest_sha256 = lies.wrongDigest ? digestOf(Buffer.from('another')) : described.sha256;
  const answer = await report(session, {
    seq: 3,
    kind: 'uploaded',
    manifest_sha256,
    manifest_bytes: described.bytes,
    build_seconds: 1,
  });
  if (lies.manifestAfterwards) await put(session, place.url, Buffer.alloc(manifest.length, '!'));
  if (lies.contradicts) {
    await report(session, { seq: 4, kind: 'failed', code: 'build_failed', message: 'It failed after all.' });
    await report(session, { seq: 5, kind: 'building' });
  }
  return answer;
}

function redeem({ world, actor, claim: { deployment, attempt }, name }: Session, ticket: string) {
  const redeemer = name.replaceAll(' ', '-');
  return call(world, actor, `redeem by ${name}`, (platform) =>
    platform.redeemTicket({ deployment, attempt, ticket, redeemer }, platform.context),
  );
}

async function build(session: Session, run: Run): Promise<void> {
  const { world, actor } = session;
  const job = buildJob.parse(await redeem(session, run.ticket));
  const redeemed: Session = { ...session, claim: { ...session.claim, authorization: `Bearer ${job.token}` } };
  const commit = world.github.commits.get(job.commit_sha);
  try {
    await report(redeemed, { seq: 1, kind: 'building' });
    for (let beats = world.random.between(0, 2); beats > 0; beats--) {
      await actor.sleep(world.random.between(5, 60) * 1000);
      if (run.state === 'cancelled') throw new Over('cancelled');
      await report(redeemed, { seq: 2, kind: 'heartbeat' });
    }
    if (commit?.character === 'fails') {
      await report(redeemed, { seq: 3, kind: 'failed', code: 'build_failed', message: 'The build command failed.' });
      return;
    }
    const site = builtSite(job.commit_sha);
    await publish(redeemed, job.project_slug, site, commit?.character === 'hostile' ? someLie(world.random, site) : {});
  } catch (error) {
    if (error instanceof Over) throw error;
    await report(redeemed, { seq: 9, kind: 'failed', code: 'runner_error', message: 'The runner failed.' });
  }
}

async function unlessItGivesUp(world: World, actor: Actor, work: Promise<void>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof Over || error instanceof NoAnswer || error instanceof AppError)) throw error;
    world.trace.write(actor.name, `gives up: ${error.message}`);
  });
}

async function upload(session: Session, ticket: string, folder: UploadedFolder): Promise<void> {
  const job = uploadJob.parse(await redeem(session, ticket));
  const redeemed: Session = { ...session, claim: { ...session.claim, authorization: `Bearer ${job.token}` } };
  const site = builtSite(folder.sha);
  try {
    const lies = folder.isHostile ? someLie(session.world.random, site) : {};
    const { ignored } = await publish(redeemed, job.project_slug, site, lies);
    folder.isAccepted = !ignored;
  } catch (error) {
    if (error instanceof Over) throw error;
    await report(redeemed, { seq: 9, kind: 'failed', code: 'upload_failed', message: 'The uploader failed.' });
  }
}

/** Somebody's own machine uploads a folder: the builder's steps without a build, as `scripts/cli/deploy-folder.ts` takes them. */
export async function playUpload(
  world: World,
  actor: Actor,
  { deployment, attempt, ticket }: { readonly deployment: string; readonly attempt: number; readonly ticket: string },
  isHostile: boolean,
): Promise<void> {
  const name = `folder ${world.uploads.size + 1}`;
  const folder = { sha: createHash('sha1').update(name).digest('hex'), isHostile, isAccepted: false };
  world.uploads.set(deployment, folder);
  const claim = { deployment, attempt: String(attempt), authorization: '' };
  await unlessItGivesUp(world, actor, upload({ world, actor, name, claim }, ticket, folder));
}

/** A machine picks up the run: the builder's steps, in the order and with the retries of `builder/run-attempt.ts`. */
export function playRun(world: World, run: Run): void {
  const claim = { deployment: run.deploymentId, attempt: String(run.attempt), authorization: '' };
  run.state = 'running';
  const { ending } = world.scheduler.spawn(`runner ${run.runId}`, async (actor) => {
    await unlessItGivesUp(world, actor, build({ world, actor, name: `run ${run.runId}`, claim }, run));
  });
  void ending.then((how) => {
    if (run.state !== 'running') return;
    if (how === 'killed') run.endsAt = world.clock.now() + 5 * 60_000;
    else run.state = 'succeeded';
  });
}
