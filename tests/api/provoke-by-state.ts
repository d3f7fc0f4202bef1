import { sql } from '@miaobu/shared/db/sql';
import { AppError, type ErrorCode } from '@miaobu/shared/kernel/app-error';
import { readId } from '@miaobu/shared/kernel/ids';
import { type ApiUnderTest, apiUnderTest, ORIGIN, type RawAnswer } from '../database/api-under-test.ts';
import { askOperation } from './ask-operation.ts';
import { type DocumentedOperation, idKindsOf } from './documented-operations.ts';
import { codeHostFails, late, ownerOf, type Provoke } from './provoke-by-form.ts';
import { makeIds, makers, missingId, type World } from './tenants.ts';

type Ids = Readonly<Record<string, string>>;

/** Called by the owner about what was just created, after something was done to it. */
const after =
  (
    prepare: (world: World, ids: Ids) => Promise<unknown>,
    body: Readonly<Record<string, unknown>> | ((ids: Ids) => Readonly<Record<string, unknown>>) = {},
  ): Provoke =>
  async (world, operation) => {
    const owner = ownerOf(world, operation);
    const ids = await makeIds(world, owner, [...idKindsOf(operation)]);
    await prepare(world, ids);
    return askOperation(world.api, operation, {
      ids,
      bearer: owner.session,
      body: typeof body === 'function' ? body(ids) : body,
    });
  };

const nothing = async () => {};
const uuidOf = ({ deployment = '' }: Ids) => readId('deployment', deployment);
const setStatus = (status: string) => (world: World, ids: Ids) =>
  world.own.db.query(sql`update deployments set status = ${status} where id = ${uuidOf(ids)}`);
/** It was for a deployment that no longer exists. */
const ofNoDeployment = (world: World, { dead_letter: dead = '' }: Ids) =>
  world.own.db.query(sql`
    update outbox set topic = 'build.start', payload = jsonb_build_object('deployment_id', id)
     where id = ${readId('deadLetter', dead)}`);
const setUploaded = (world: World, ids: Ids) =>
  world.own.db.query(sql`
    update deployments set trigger = 'upload', branch = null, commit_sha = null, from_head = false
     where id = ${uuidOf(ids)}`);
const switchOff = (world: World, ids: Ids) =>
  world.own.db.query(sql`
    update environments set disabled_at = db_now() where project_id = ${readId('project', ids.project ?? '')}`);
/** GitHub has delivered a push that its answers do not show yet. */
const hidePush = (world: World, ids: Ids) =>
  world.own.db.query(sql`
    update environments set head_sha = repeat('f', 40), head_pushed_at = 9999999999
     where project_id = ${readId('project', ids.project ?? '')}`);
const staging = (world: World, { project }: Ids) =>
  world.ada.call('POST', `/api/v1/projects/${project}/environments`, { name: 'staging', branch: 'next' });

/** As many tokens as an account may have. Bob's: others need room for theirs. */
const fillTokens = ({ own }: World) =>
  own.db.query(sql`
    insert into api_tokens (user_id, name, prefix, token_sha256)
    select u.id, 'one of many', 'mb_live_', sha256(convert_to(u.github_login || n, 'utf8'))
      from users u cross join generate_series(1, 50) n where u.github_login = 'bob'
    on conflict do nothing`);
const emptyTokens = ({ own }: World) => own.db.query(sql`delete from api_tokens where name = 'one of many'`);

/** A request with a browser's cookies, from one of our pages or from another site's. */
const fromPage =
  (headers: Readonly<Record<string, string>>): Provoke =>
  ({ api }, operation) =>
    askOperation(api, operation, { headers });

/** A program that has begun to ask for a user's consent. */
async function pollDevice(
  world: World,
  operation: DocumentedOperation,
  decide: (userCode: string, deviceCode: string) => Promise<unknown>,
): Promise<RawAnswer> {
  const begun = await world.ada.call('POST', '/api/v1/auth/device', { client_name: 'a program' });
  await decide(String(begun.user_code), String(begun.device_code));
  return askOperation(world.api, operation, { body: { device_code: String(begun.device_code) } });
}

/** Comes back from the code host. */
async function comeBack(
  world: World,
  operation: DocumentedOperation,
  code: string,
  api = world.api,
): Promise<RawAnswer> {
  const start = await api.app.request(`${ORIGIN}/api/v1/auth/github`);
  const state = new URL(start.headers.get('location') ?? '').searchParams.get('state') ?? '';
  const cookie = start.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  return askOperation(api, operation, { search: `?${new URLSearchParams({ code, state })}`, headers: { cookie } });
}

const signInFails =
  (code: ErrorCode): Provoke =>
  (world, operation) => {
    const fail = async () => {
      throw new AppError(code);
    };
    const login = {
      authorizeUrl: ({ state }: { readonly state: string }) =>
        `https://github.example/?${new URLSearchParams({ state })}`,
      ...{ exchangeCode: fail, getUser: fail, isMember: fail, refresh: fail, revoke: fail },
    };
    return comeBack(world, operation, 'ada', apiUnderTest(world.own, { identity: { login } }));
  };

const hookSecret = async (world: World, { project }: Ids) =>
  world.ada.call('POST', `/api/v1/projects/${project}/deploy-hooks`, { name: 'with a secret' });

/** A deploy hook, called with its secret, after something was done. */
const hookAfter =
  (prepare: (world: World, ids: Ids) => Promise<unknown>, change: (api: ApiUnderTest) => void = () => {}): Provoke =>
  async (world, operation) => {
    const ids = await makeIds(world, world.ada, ['project']);
    const hook = await hookSecret(world, ids);
    await prepare(world, ids);
    const api = apiUnderTest(world.own);
    api.codeHost.repositories.push(...world.api.codeHost.repositories);
    change(api);
    return askOperation(api, operation, { ids: { deploy_hook: String(hook.id) }, bearer: String(hook.secret) });
  };

const many = (count: number, path: (ids: Ids) => string, body: object) => async (world: World, ids: Ids) => {
  for (let made = 0; made < count; made++) await world.ada.call('POST', path(ids), body).catch(() => {});
};
const ownPage = { origin: ORIGIN };
const full = { value: 'x'.repeat(5000), is_secret: false, scope: 'runtime' };
const noCommit = { commit_sha: 'd'.repeat(40) };

/** Errors that occur only in a certain state, by operation and code. */
export const provokeByState: Readonly<Record<string, Provoke>> = {
  'finishGithubLogin sign_in_expired': fromPage({}),
  'finishGithubLogin sign_in_refused': (world, operation) => comeBack(world, operation, 'stranger'),
  'finishGithubLogin vendor_rejected': signInFails('vendor_rejected'),
  'finishGithubLogin platform_misconfigured': signInFails('platform_misconfigured'),
  'finishGithubLogin code_host_unavailable': signInFails('code_host_unavailable'),
  'finishGithubLogin code_host_throttled': signInFails('code_host_throttled'),
  'refreshSession unauthorized': fromPage(ownPage),
  'refreshSession forbidden': fromPage({ origin: 'https://elsewhere.example' }),
  'redeemDeviceLogin authorization_pending': (world, operation) => pollDevice(world, operation, nothing),
  'redeemDeviceLogin slow_down': (world, operation) =>
    pollDevice(world, operation, (_, device_code) => askOperation(world.api, operation, { body: { device_code } })),
  'redeemDeviceLogin expired_token': (world, operation) => askOperation(world.api, operation),
  'redeemDeviceLogin access_denied': (world, operation) =>
    pollDevice(world, operation, (code) => world.ada.call('POST', `/api/v1/device-logins/${code}/deny`, {})),
  'disableUser conflict': after(nothing),
  'listAuditLog not_found': (world, operation) =>
    askOperation(world.api, operation, { bearer: world.ada.session, search: `?project=${missingId('project')}` }),
  'createApiToken not_found': after(nothing, { projects: [missingId('project')] }),
  // For another user: one who has reached the token limit is of no use to the other cases.
  'createApiToken limit_reached': async (world, operation) => {
    for (let made = 0; made < 50; made++)
      await world.bob.call('POST', '/api/v1/tokens', { name: 'one of many' }).catch(() => {});
    return askOperation(world.api, operation, { bearer: world.bob.session, body: { projects: undefined } });
  },
  'rotateApiToken conflict': after(({ own }, { token = '' }) =>
    own.db.query(sql`update api_tokens set expires_at = db_now() where id = ${readId('apiToken', token)}`),
  ),
  'createProject slug_unavailable': async (world, operation) => {
    const repo = await makers.repo?.(world, world.ada, '');
    const { slug } = await world.bob.call('GET', `/api/v1/projects/${await makers.project?.(world, world.bob, '')}`);
    const body = { repo: `ada/${repo}`, branch: 'main', slug };
    return askOperation(world.api, operation, { bearer: world.ada.session, body });
  },
  'createProject limit_reached': async (world, operation) => {
    const repo = await makers.repo?.(world, world.bob, '');
    await makers.project?.(world, world.bob, '');
    await world.own.db.query(sql`update users set max_projects = 1 where github_login = 'bob'`);
    const body = { repo: `bob/${repo}`, branch: 'main', slug: 'one-too-many' };
    return askOperation(world.api, operation, { bearer: world.bob.session, body });
  },
  'createProject branch_not_found': async (world, operation) => {
    const repo = await makers.repo?.(world, world.ada, '');
    const body = { repo: `ada/${repo}`, branch: 'missing', slug: 'no-branch' };
    return askOperation(world.api, operation, { bearer: world.ada.session, body });
  },
  'approveDeviceLogin limit_reached': async (world, operation) => {
    const ids = await makeIds(world, world.bob, [...idKindsOf(operation)]);
    await fillTokens(world);
    return askOperation(world.api, operation, { ids, bearer: world.bob.session });
  },
  'redeemDeviceLogin limit_reached': async (world, operation) => {
    await emptyTokens(world);
    const begun = await world.bob.call('POST', '/api/v1/auth/device', { client_name: 'a program' });
    await world.bob.call('POST', `/api/v1/device-logins/${begun.user_code}/approve`, { scopes: ['account:read'] });
    await fillTokens(world);
    return askOperation(world.api, operation, { body: { device_code: String(begun.device_code) } });
  },
  'createEnvironment conflict': after(staging, { branch: 'next' }),
  'createEnvironment branch_in_use': after(nothing, { branch: 'main' }),
  'createEnvironment branch_not_found': after(nothing, { branch: 'missing' }),
  'deleteEnvironment conflict': after(nothing),
  'updateEnvironment branch_not_found': after(nothing, { branch: 'missing' }),
  'updateEnvironment branch_in_use': after(staging, { branch: 'next' }),
  'updateProject branch_not_found': after(nothing, { branch: 'missing' }),
  'updateProject branch_in_use': after(staging, { branch: 'next' }),
  'createDeployment commit_not_found': after(nothing, { branch: undefined, environment: undefined, ...noCommit }),
  'createDeployment conflict': after(hidePush, { branch: undefined, environment: undefined }),
  'createDeployment branch_not_found': after(nothing, { branch: 'missing' }),
  'cancelDeployment deployment_state_conflict': after(setStatus('deployed')),
  'promoteDeployment deployment_state_conflict': after(setStatus('failed')),
  'rollbackEnvironment deployment_state_conflict': after(setStatus('failed')),
  'pinDeployment deployment_state_conflict': after(setStatus('failed')),
  'replayDeadLetter deployment_state_conflict': after(ofNoDeployment),
  'promoteDeployment deployment_purged': after(setStatus('purged')),
  'rollbackEnvironment deployment_purged': after(setStatus('purged')),
  'pinDeployment deployment_purged': after(setStatus('purged')),
  'createPrebuiltDeployment environment_off': after(switchOff),
  'redeployDeployment environment_off': after(switchOff),
  'redeployDeployment deployment_uploaded': after(setUploaded),
  'promoteDeployment environment_off': after(switchOff),
  'createDeployHook limit_reached': after(
    many(20, ({ project }) => `/api/v1/projects/${project}/deploy-hooks`, { name: 'x' }),
  ),
  'triggerDeployHook environment_off': hookAfter(switchOff),
  'triggerDeployHook conflict': hookAfter(hidePush),
  'triggerDeployHook code_host_unavailable': hookAfter(nothing, codeHostFails('code_host_unavailable')),
  'triggerDeployHook code_host_unauthorized': hookAfter(nothing, codeHostFails('code_host_unauthorized')),
  'triggerDeployHook repository_not_found': hookAfter(nothing, (api) => void api.codeHost.repositories.splice(0)),
  'triggerDeployHook branch_not_found': hookAfter(nothing, ({ codeHost: { repositories: all } }) => {
    all.splice(0, all.length, ...all.map((repository) => ({ ...repository, branches: {} })));
  }),
  'streamDeploymentLogs resync': late({ headers: { 'last-event-id': 'nothing that was ever given' } }),
  'createVariable conflict': after(({ ada }, { project }) =>
    ada.call('POST', `/api/v1/projects/${project}/variables`, { key: 'GREETING', value: 'hello' }),
  ),
  'createVariable variables_full': after(nothing, full),
  'updateVariable variables_full': after(nothing, full),
  'importVariables conflict': after(
    ({ ada }, { project }) =>
      ada.call('POST', `/api/v1/projects/${project}/variables`, { key: 'GREETING', value: 'hello' }),
    { overwrite: false },
  ),
  'importVariables variables_full': after(nothing, { content: `BIG=${'x'.repeat(5000)}`, scope: 'runtime' }),
};
