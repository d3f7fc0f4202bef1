import { outbox } from '@miaobu/shared/db/outbox';
import { sql } from '@miaobu/shared/db/sql';
import { connectHookMessage } from '@miaobu/shared/model/project/connect-hook-message';
import { hookUrl } from '@miaobu/shared/model/project/hook-url';
import { webhookSecretContext } from '@miaobu/shared/model/project/project';
import { createLog } from '@miaobu/shared/runtime/logger';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { workerUnderTest } from '../../tests/database/deploy-under-test.ts';
import type { Site } from '../../tests/database/prepare-deployment.ts';
import { type PushesUnderTest, startPushesUnderTest } from '../../tests/database/pushes-under-test.ts';
import { PATIENCE } from '../../tests/patience.ts';
import { connectHook, type Deps } from './connect-hook.ts';

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;

let pushes: PushesUnderTest;
let site: Site;
let counter = 0;

beforeAll(async () => {
  pushes = await startPushesUnderTest();
});
beforeEach(async () => {
  await pushes.empty();
  site = await pushes.connect();
  // The head that was found gets one follow-up sync.
  await pushes.wakeUpAfter(MINUTE);
  await pushes.ageWhatIsKnown();
});
afterAll(() => pushes.close());

/** Replaces the secret as the API does; `untold`: as if nobody had been asked to tell GitHub, or had given it up. */
async function rotate({ overlapSeconds = DAY, untold = false } = {}) {
  const { id } = site.project;
  counter += 1;
  const sealed = await pushes.stored.sealer.seal(`secret ${counter}`, {
    project: id,
    context: webhookSecretContext(id),
  });
  await pushes.stored.store.transaction(async (repositories) => {
    await repositories.projects.rotateWebhookSecret(id, sealed, overlapSeconds);
    if (!untold) await repositories.enqueue(connectHookMessage(id, 'rotation'));
  });
}

/** Pushes a new page. Returns its commit, and what our webhook answered GitHub. */
async function push() {
  counter += 1;
  await pushes.ageWhatIsKnown();
  const before = (await deliveries()).length;
  const sha = await pushes.push(`page ${counter}`, { 'index.html': `page ${counter}` });
  await vi.waitUntil(async () => (await deliveries()).length > before, PATIENCE);
  return { sha, answer: (await deliveries())[0]?.status_code };
}

type AtGithub = { readonly id: number };
type DeliveredAtGithub = { readonly event: string; readonly status_code: number };
const hooks = async () => (await (await pushes.github.github.api('/repos/you/site/hooks')).json()) as AtGithub[];
async function deliveries() {
  const [hook] = await hooks();
  const answer = await pushes.github.github.api(`/repos/you/site/hooks/${hook?.id}/deliveries?per_page=100`);
  return ((await answer.json()) as DeliveredAtGithub[]).filter(({ event }) => event === 'push');
}
const deployed = async () => (await pushes.deployments()).map(({ commitSha }) => commitSha);
const toldAt = async () => (await pushes.stored.store.projects.find(site.project.id))?.githubHookToldAt;
const connections = async () => (await pushes.stored.messages('hook.connect')).length;

test('S-W8: GitHub is told of a new secret, and no push before or after is refused', async () => {
  const [hook] = await hooks();
  await rotate();
  expect(await toldAt()).toBe(null);
  const before = await push();
  await pushes.wakeUpAfter(0);
  expect(await toldAt()).toBeInstanceOf(Date);
  const after = await push();
  // Only the new secret is accepted from here on.
  await pushes.wakeUpAfter(DAY + MINUTE);
  const later = await push();
  expect([before.answer, after.answer, later.answer]).toEqual([202, 202, 202]);
  expect(await deployed()).toEqual(expect.arrayContaining([before.sha, after.sha, later.sha]));
  expect(await hooks()).toEqual([expect.objectContaining({ id: hook?.id })]);
});

test('without an overlap, what GitHub still signs with the old secret is refused, and deployed once GitHub is told', async () => {
  await rotate({ overlapSeconds: 0 });
  const refused = await push();
  expect([refused.answer, (await deployed()).includes(refused.sha)]).toEqual([401, false]);
  await pushes.wakeUpAfter(0);
  expect((await deployed()).at(-1)).toBe(refused.sha);
  expect((await push()).answer).toBe(202);
});

/** `hook.connect` with another code host. */
const connecting = (createPushHook: Deps['codeHost']['createPushHook'] = pushes.github.codeHost.createPushHook) =>
  connectHook({ ...pushes.stored, codeHost: { createPushHook }, controlOrigin: pushes.controlOrigin });

test('a worker that dies between telling GitHub and recording it is followed by one that tells it again', async () => {
  await rotate({ overlapSeconds: 0 });
  const [message] = await outbox(pushes.stored.db).claim('victim', ['hook.connect'], 1, 120);
  const lease = { token: message?.leaseToken ?? 0, assertTrusted: () => {} };
  const context = { requestId: 'test', log: createLog({}, () => {}), signal: new AbortController().signal };
  await connecting().work({ project_id: site.project.id }, lease, context);
  expect([(await push()).answer, await toldAt()]).toEqual([202, null]);
  await pushes.wakeUpAfter(3 * MINUTE);
  expect([(await push()).answer, await toldAt()]).toEqual([202, expect.any(Date)]);
});

test('a rotation while GitHub is being told of another ends with the newest secret at GitHub', async () => {
  await rotate({ overlapSeconds: 0 });
  let overtaken = false;
  const told = async () => workerUnderTest(pushes.stored)({ 'hook.connect': connecting(rotatingOnce) });
  const rotatingOnce: Deps['codeHost']['createPushHook'] = async (...call) => {
    const hook = await pushes.github.codeHost.createPushHook(...call);
    if (!overtaken) await rotate({ overlapSeconds: 0 });
    overtaken = true;
    return hook;
  };
  const before = await connections();
  await told();
  expect(await connections()).toBe(before + 1);
  expect([(await push()).answer, await toldAt()]).toEqual([202, expect.any(Date)]);
});

test('a secret that GitHub was never told of is told by the next round over failed deliveries', async () => {
  await rotate({ untold: true });
  const before = await connections();
  await pushes.wakeUpAfter(5 * MINUTE);
  expect(await toldAt()).toBeInstanceOf(Date);
  await pushes.wakeUpAfter(DAY);
  expect([(await push()).answer, await connections()]).toEqual([202, before + 1]);
});

test('a hook whose secret was changed at GitHub gets ours again once a delivery was refused', async () => {
  const [hook] = await hooks();
  const config = { url: hookUrl(pushes.controlOrigin, site.project.id), content_type: 'json', secret: 'theirs' };
  const body = JSON.stringify({ config });
  await pushes.github.github.api(`/repos/you/site/hooks/${hook?.id}`, { method: 'PATCH', body });
  await pushes.stored.db.query(sql`update projects set github_hook_told_at = db_now() - interval '1 hour'`);
  const before = await connections();
  expect((await push()).answer).toBe(401);
  await pushes.wakeUpAfter(5 * MINUTE);
  expect([(await push()).answer, await connections()]).toEqual([202, before + 1]);
  await pushes.wakeUpAfter(5 * MINUTE);
  expect(await connections()).toBe(before + 1);
});
