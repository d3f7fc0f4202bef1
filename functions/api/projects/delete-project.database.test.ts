import { sql } from '@miaobu/shared/db/sql';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { readId, showId } from '@miaobu/shared/kernel/ids';
import { branchSyncMessage } from '@miaobu/shared/model/environment/branch-sync-message';
import { webhookSecretContext } from '@miaobu/shared/model/project/project';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import { type CallbackUnderTest, callbackUnderTest } from '../../../tests/database/callback-under-test.ts';
import { workerUnderTest } from '../../../tests/database/deploy-under-test.ts';
import { dispatchAttempt, openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';
import { refusalOf } from '../../../tests/database/refusal-of.ts';
import { pushEvent, webhookUnderTest } from '../../../tests/database/webhook-under-test.ts';
import { connectHook } from '../../deploy/connect-hook.ts';
import { connectHostname } from '../../deploy/connect-hostname.ts';
import { syncBranch } from '../../deploy/sync-branch.ts';

const HEAD = 'a'.repeat(40);
const REPOSITORY_ID = 7;

let own: TestStore;
let api: ApiUnderTest;
let callback: CallbackUnderTest;
let ada: SignedUpUser;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  api = apiUnderTest(own);
  callback = callbackUnderTest(own, {
    codeHost: { archiveUrl: async () => 'https://archive.example/site.tar.gz' },
    buildLog: { append: async () => 1 },
    objectStore: { presignPut: async () => ({ url: 'https://bucket.example/', headers: {} }) },
  });
  ada = await api.signUp('ada');
  const visibleTo = ['github-ada'];
  api.codeHost.repositories.push({ id: REPOSITORY_ID, fullName: 'ada/site', branches: { main: HEAD }, visibleTo });
});
afterAll(() => own.close());

const uuid = (shown: string, kind: 'project' | 'deployment') => readId(kind, shown) ?? '';
async function imported(slug?: string) {
  const body = { repo: 'ada/site', ...(slug === undefined ? {} : { slug }) };
  const { data } = await ada.client('createProject', { body });
  return { ...data, projectId: uuid(data.id, 'project'), deploymentId: uuid(data.deployment.id, 'deployment') };
}
const remove = async (project: string, who = ada) => (await who.client('deleteProject', { params: { project } })).data;
const notFound = { status: 404, code: 'not_found' };

test('a deletion answers 202, cancels running builds, and commits all follow-up work in the same transaction', async () => {
  const { id, slug, projectId, deploymentId } = await imported();
  await dispatchAttempt(own, deploymentId);
  const raw = await ada.ask('DELETE', `/api/v1/projects/${slug}`);
  expect([raw.status, raw.body.data]).toEqual([202, { id, slug: 'site', deleting: true }]);
  expect(await own.deployment(deploymentId)).toMatchObject({ status: 'cancelled', reason: 'project_deleted' });
  const topics = (await own.messages()).map(({ topic }) => topic);
  expect(topics).toEqual(expect.arrayContaining(['project.teardown', 'route.publish', 'run.cancel']));
  expect(await own.db.query(sql`select actor, action, subject, details from audit_log`)).toEqual([
    {
      actor: showId('user', ada.user.id),
      action: 'project.deletion_requested',
      subject: id,
      details: { slug: 'site', repository: 'ada/site' },
    },
  ]);
  expect(api.rings.length).toBe(2);
  expect(await own.db.query(sql`select id from projects where deleting_at is not null`)).toEqual([{ id: projectId }]);
});

test('a failure half way leaves the project unchanged', async () => {
  const { slug, deploymentId } = await imported();
  const failing = apiUnderTest({
    ...own,
    store: {
      ...own.store,
      transaction: (work) =>
        own.store.transaction((repositories) =>
          work({
            ...repositories,
            auditLog: { ...repositories.auditLog, append: () => Promise.reject(new AppError('database_unavailable')) },
          }),
        ),
    },
  });
  const path = `/api/v1/projects/${slug}`;
  const headers = { authorization: `Bearer ${ada.token}` };
  expect((await failing.ask('DELETE', path, { headers })).status).toBe(503);
  expect((await own.deployment(deploymentId)).status).toBe('queued');
  expect((await ada.client('getProject', { params: { project: slug } })).data.slug).toBe(slug);
});

test("another's project and a deleted one are not found, and nothing happens to them", async () => {
  const { id, slug } = await imported();
  const eve = await api.signUp('eve');
  for (const project of [id, slug, 'nowhere']) expect(await refusalOf(remove(project, eve))).toEqual(notFound);
  expect((await ada.client('getProject', { params: { project: slug } })).data.id).toBe(id);
  await remove(id);
  expect(await refusalOf(remove(id))).toEqual(notFound);
});

test('of two concurrent deletions one gets 202, the other learns that it is gone', async () => {
  const { id } = await imported();
  const answers = await Promise.all([1, 2].map(async () => (await ada.ask('DELETE', `/api/v1/projects/${id}`)).status));
  expect(answers.sort()).toEqual([202, 404]);
  expect((await own.messages('project.teardown')).length).toBe(1);
});

describe('while it is deleted', () => {
  test('the API does not find it by any name', async () => {
    const { id, slug, deployment } = await imported();
    await remove(slug);
    for (const project of [id, slug]) {
      expect(await refusalOf(ada.client('getProject', { params: { project } }))).toEqual(notFound);
      expect(await refusalOf(ada.client('listDeployments', { params: { project } }))).toEqual(notFound);
      const one = { project, deployment: deployment.id };
      expect(await refusalOf(ada.client('getDeployment', { params: one }))).toEqual(notFound);
      expect(await refusalOf(ada.client('readDeploymentLogs', { params: one }))).toEqual(notFound);
    }
    expect((await ada.client('listProjects', {})).data).toEqual([]);
  });

  test('its slug stays taken: a new project with its name gets another, an explicit request is refused', async () => {
    const { id, slug } = await imported();
    await remove(slug);
    const again = await imported();
    expect(again.slug).toMatch(/^site-[0-9a-f]{6}$/);
    expect(await refusalOf(imported('site'))).toEqual({ status: 409, code: 'slug_unavailable' });
    await own.store.projects.delete(uuid(id, 'project'));
    expect((await imported('site')).slug).toBe('site');
  });

  test('a push is answered like one to an unknown hook', async () => {
    const { id, projectId } = await imported();
    const project = await own.store.projects.find(projectId);
    const webhookSecret = await own.sealer.open(project?.webhookSecretSealed ?? '', webhookSecretContext(projectId));
    const webhook = webhookUnderTest(own);
    const push = (after: string, pushedAt: number) =>
      webhook.deliver({ hook: id, webhookSecret }, pushEvent({ after, pushedAt, repositoryId: REPOSITORY_ID }));
    expect((await push('b'.repeat(40), 1_900_000_000)).status).toBe(202);
    await remove(id);
    expect(await push('c'.repeat(40), 1_900_000_001)).toMatchObject({
      status: 401,
      body: { error: { code: 'unauthorized' } },
    });
  });

  test('a push being accepted while the deletion commits queues nothing', async () => {
    const { id, projectId } = await imported();
    const before = await own.db.query(sql`select id from deployments`);
    const project = await own.store.projects.find(projectId);
    const webhookSecret = await own.sealer.open(project?.webhookSecretSealed ?? '', webhookSecretContext(projectId));
    const late = webhookUnderTest({
      ...own,
      store: {
        ...own.store,
        pushes: {
          ...own.store.pushes,
          accept: async (...accepted) => {
            await remove(id);
            return own.store.pushes.accept(...accepted);
          },
        },
      },
    });
    const body = pushEvent({ after: 'b'.repeat(40), pushedAt: 1_900_000_000, repositoryId: REPOSITORY_ID });
    expect((await late.deliver({ hook: id, webhookSecret }, body)).status).toBe(401);
    expect(await own.db.query(sql`select id from deployments`)).toEqual(before);
  });

  test('a ticket cannot be redeemed, and a runner is told to stop', async () => {
    const { id, deploymentId } = await imported();
    const ticket = await dispatchAttempt(own, deploymentId);
    await remove(id);
    const { status, code } = await callback.runOf(ticket).redeem();
    expect([status, code]).toEqual([409, 'attempt_closed']);
  });

  test('the tokens of a run are invalid', async () => {
    const { id, deploymentId } = await imported();
    const run = callback.runOf(await dispatchAttempt(own, deploymentId));
    const { token } = (await run.redeem()).data;
    const { token: publish } = (await run.publication(token)).data;
    await remove(id);
    const blobs = [{ sha256: 'b'.repeat(64), bytes: 1 }];
    expect((await run.uploads(publish, blobs)).code).toBe('attempt_closed');
    expect((await run.manifest(publish, { sha256: 'b'.repeat(64), bytes: 1 })).code).toBe('attempt_closed');
    expect((await run.publication(token)).code).toBe('attempt_closed');
    expect((await run.log(token, 0, { at: new Date(0).toISOString(), text: 'late' })).code).toBe('attempt_closed');
    expect((await run.report(token, { seq: 1, kind: 'heartbeat' })).data).toEqual({ ignored: true, stop: true });
    expect((await own.deployment(deploymentId)).status).toBe('cancelled');
  });

  test('nothing is connected for it and its branch is not synced', async () => {
    const { id, projectId } = await imported();
    const [environment] = await own.store.environments.listOfProject(projectId);
    await remove(id);
    await own.store.enqueue(branchSyncMessage(environment?.id ?? '', 'test'));
    const never = async () => {
      throw new Error('nobody is to be asked');
    };
    await workerUnderTest(own)({
      'hostname.connect': connectHostname({
        store: own.store,
        edgeStore: { get: never },
        edgeZone: { ensureSiteRecord: never, deleteSiteRecord: never },
        dnsZone: { upsertCname: never, deleteCname: never },
        originBucketDomain: 'bucket.example',
      }),
      'hook.connect': connectHook({
        ...own,
        codeHost: { createPushHook: never },
        controlOrigin: 'https://api.example',
      }),
      'branch.sync': syncBranch({ ...own, codeHost: { getRepository: never, getBranchHead: never } }),
    });
    for (const topic of ['hostname.connect', 'hook.connect', 'branch.sync']) {
      expect(
        (await own.messages(topic)).map(({ state }) => state),
        topic,
      ).toEqual(['done']);
    }
    expect(await own.db.query(sql`select external_id from cloud_resources`)).toEqual([]);
  });
});
