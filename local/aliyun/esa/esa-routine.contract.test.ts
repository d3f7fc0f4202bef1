import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EsaClientForTests, esaClientForTests, publishRoutine } from './esa-client-for-tests.ts';
import { type EsaForTests, startEsaForTests } from './start-esa-for-tests.ts';

let cloud: EsaForTests;
let esa: EsaClientForTests;

beforeAll(async () => {
  cloud = await startEsaForTests();
  esa = await esaClientForTests(cloud.port, cloud.account.operator);
});
afterAll(() => cloud.close());

const failure = (statusCode: number, code: string) => expect.objectContaining({ statusCode, code });
const createRoutine = (name: string) => esa.client.createRoutine(new esa.models.CreateRoutineRequest({ name }));
const createRoute = (routineName: string, rule: string) =>
  esa.client.createRoutineRoute(
    new esa.models.CreateRoutineRouteRequest({
      siteId: cloud.siteId,
      routineName,
      routeName: 'r',
      rule,
      routeEnable: 'on',
    }),
  );

test('a release creates, uploads, commits and publishes, and GetRoutine tells what production runs', async () => {
  await createRoutine('released');
  await expect(createRoutine('released')).rejects.toEqual(failure(400, 'RoutineAlreadyExist'));
  const version = await publishRoutine(esa, 'released', 'export default { fetch: () => new Response("v1") }');
  expect(version).toMatch(/^\d{19}$/);
  const { body } = await esa.client.getRoutine(new esa.models.GetRoutineRequest({ name: 'released' }));
  expect(body?.envs).toMatchObject([{ env: 'production', codeDeploy: { codeVersions: [{ codeVersion: version }] } }]);
});

test('nothing can be committed before it is uploaded, or published before it is committed', async () => {
  await createRoutine('empty');
  const commit = new esa.models.CommitRoutineStagingCodeRequest({ name: 'empty' });
  await expect(esa.client.commitRoutineStagingCode(commit)).rejects.toEqual(failure(400, 'RoutineCodeNotFound'));
  const publish = { name: 'empty', env: 'production', codeVersion: '1' };
  const request = new esa.models.PublishRoutineCodeVersionRequest(publish);
  await expect(esa.client.publishRoutineCodeVersion(request)).rejects.toEqual(failure(404, 'CodeVersionNotFound'));
});

test('code that does not parse is refused at the commit, with the line', async () => {
  await createRoutine('broken');
  await expect(publishRoutine(esa, 'broken', 'export default {\n  fetch( {\n')).rejects.toMatchObject({
    code: 'InvalidRoutineCode',
    message: expect.stringContaining('routine.js:'),
  });
});

test('the upload form is signed: another key is refused', async () => {
  await createRoutine('signed');
  const request = new esa.models.GetRoutineStagingCodeUploadInfoRequest({ name: 'signed' });
  const config = (await esa.client.getRoutineStagingCodeUploadInfo(request)).body?.ossPostConfig ?? {};
  const form = new FormData();
  for (const field of ['OSSAccessKeyId', 'policy', 'Signature']) form.append(field, String(config[field]));
  form.append('key', 'routines/released/unstable/index.js');
  form.append('file', new Blob(['export default {}']), 'index.js');
  expect((await fetch(String(config.Url), { method: 'POST', body: form })).status).toBe(403);
});

test('a route names an existing routine and a rule that can be read', async () => {
  await createRoutine('routed');
  await createRoute('routed', '(http.host eq "a.sites.localhost") or (http.host eq "b.sites.localhost")');
  await expect(createRoute('unknown', 'true')).rejects.toEqual(failure(404, 'RoutineNotFound'));
  await expect(createRoute('routed', 'http.host is "a"')).rejects.toEqual(failure(400, 'InvalidRule'));
  const request = new esa.models.ListRoutineRoutesRequest({ routineName: 'routed' });
  const { body } = await esa.client.listRoutineRoutes(request);
  expect(body?.configs).toMatchObject([
    { siteId: cloud.siteId, routineName: 'routed', routeEnable: 'on', bypass: 'off' },
  ]);
});
