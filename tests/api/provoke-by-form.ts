import { api as table } from '@miaobu/shared/contracts/api';
import { openDatabase } from '@miaobu/shared/db/database';
import { AppError, type ErrorCode } from '@miaobu/shared/kernel/app-error';
import { repositories } from '@miaobu/shared/model/repositories';
import { type ApiUnderTest, apiUnderTest, type RawAnswer } from '../database/api-under-test.ts';
import { type Asked, askOperation } from './ask-operation.ts';
import { type DocumentedOperation, idKindsOf } from './documented-operations.ts';
import { makeIds, missingId, type World } from './tenants.ts';

/** Provokes an error from an operation. */
export type Provoke = (world: World, operation: DocumentedOperation) => Promise<RawAnswer>;

export const isOfPlatform = ({ shape }: DocumentedOperation) =>
  shape.security.some(({ token }) => token?.some((scope) => scope.startsWith('platform:')));
export const ownerOf = (world: World, operation: DocumentedOperation) =>
  isOfPlatform(operation) ? world.operator : world.ada;
const bearerOf = (world: World, operation: DocumentedOperation) =>
  operation.isPublic ? {} : { bearer: ownerOf(world, operation).session };

const missingIds = (operation: DocumentedOperation) =>
  Object.fromEntries(idKindsOf(operation).map((kind) => [kind, missingId(kind)]));

/** Called with permission, about things that do not exist: for what is refused before anything is looked up. */
const early =
  (asked: Asked): Provoke =>
  (world, operation) =>
    askOperation(world.api, operation, { ids: missingIds(operation), ...bearerOf(world, operation), ...asked });

/** Called by the owner, about what was just created, on an API with one part changed. */
export const late =
  (asked: Asked = {}, change: (api: ApiUnderTest) => void = () => {}): Provoke =>
  async (world, operation) => {
    const ids = await makeIds(world, ownerOf(world, operation), idKindsOf(operation));
    const changed = apiUnderTest(world.own);
    changed.codeHost.repositories.push(...world.api.codeHost.repositories);
    change(changed);
    return askOperation(changed, operation, { ids, ...bearerOf(world, operation), ...asked });
  };

const failWith = (code: ErrorCode) => async () => {
  throw new AppError(code);
};
/** A code host that refuses everything in the same way. */
export const codeHostFails = (code: ErrorCode) => (api: ApiUnderTest) => {
  const calls = Object.entries(api.codeHost).filter(([, call]) => typeof call === 'function');
  Object.assign(api.codeHost, Object.fromEntries(calls.map(([name]) => [name, failWith(code)])));
};

/** The same API with every operation replaced by these. */
const answeredBy = (world: World, answer: () => Promise<never>) =>
  apiUnderTest(world.own, {
    endpoints: { table, operations: Object.fromEntries(Object.keys(table).map((id) => [id, answer])) },
  });

/** Errors that follow from the form of an operation, and how to provoke them from any operation. */
export const provokeByForm: Readonly<Partial<Record<ErrorCode, Provoke>>> = {
  // An operation with any parameter refuses one that is too long.
  invalid_request: early({ search: `?nonsense=1&code=${'x'.repeat(2000)}` }),
  invalid_json: early({ body: '{' }),
  unsupported_media_type: early({ headers: { 'content-type': 'text/plain' } }),
  payload_too_large: early({ body: 'x'.repeat(1024 * 1024 + 1) }),
  precondition_required: async (world, operation) => {
    // `if-match` is what `askOperation` adds by itself.
    const { parameters: _, ...shape } = operation.shape;
    return early({})(world, { ...operation, shape });
  },
  precondition_failed: late({ headers: { 'if-match': '"another"' } }),
  unauthorized: (world, operation) => askOperation(world.api, operation, { ids: missingIds(operation) }),
  async forbidden(world, operation) {
    const owner = ownerOf(world, operation);
    const [scope] = operation.shape.security.flatMap(({ token }) => token ?? []);
    const other = scope === 'usage:read' ? 'account:read' : 'usage:read';
    const { id, token } = await owner.call('POST', '/api/v1/tokens', { name: 'for something else', scopes: [other] });
    const answer = await askOperation(world.api, operation, { ids: missingIds(operation), bearer: String(token) });
    await owner.call('DELETE', `/api/v1/tokens/${id}`);
    return answer;
  },
  not_found: (world, operation) =>
    operation.ids.length === 0
      ? askOperation(world.api, operation, { bearer: world.bob.session })
      : early({})(world, operation),
  async rate_limited({ own }, operation) {
    const strict = apiUnderTest(own, { rateLimitScale: 1e-9 });
    const ask = () =>
      askOperation(strict, operation, { ids: missingIds(operation), headers: { 'x-fc-client-ip': '198.51.100.7' } });
    await ask();
    return ask();
  },
  async database_unavailable(world, operation) {
    const db = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/nothing', poolSize: 1 });
    const away = apiUnderTest({ ...world.own, store: repositories(db) });
    const answer = await askOperation(away, operation, { ids: missingIds(operation), ...bearerOf(world, operation) });
    await db.close();
    return answer;
  },
  internal(world, operation) {
    const failing = answeredBy(world, async () => {
      throw new Error('a surprise');
    });
    return askOperation(failing, operation, { ids: missingIds(operation), ...bearerOf(world, operation) });
  },
  async idempotency_key_reused(world, operation) {
    const refusing = answeredBy(world, failWith('conflict'));
    const asked = { ids: missingIds(operation), ...bearerOf(world, operation) };
    const headers = { 'idempotency-key': `reused-${operation.id}` };
    await askOperation(refusing, operation, { ...asked, headers });
    const example = JSON.stringify(operation.shape.requestBody?.content['application/json']?.example);
    return askOperation(refusing, operation, { ...asked, headers, body: `${example} ` });
  },
  async idempotency_key_in_use(world, operation) {
    let begun = () => {};
    const isBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    let end = () => {};
    const isEnded = new Promise<void>((resolve) => {
      end = resolve;
    });
    const slow = answeredBy(world, async () => {
      begun();
      await isEnded;
      throw new AppError('conflict');
    });
    const asked = { ids: missingIds(operation), ...bearerOf(world, operation) };
    const headers = { 'idempotency-key': `in-use-${operation.id}` };
    const first = askOperation(slow, operation, { ...asked, headers });
    await isBegun;
    const second = await askOperation(slow, operation, { ...asked, headers });
    end();
    await first;
    return second;
  },
  async request_timeout(world, operation) {
    const response = await world.api.app.request(
      new Request(`https://api.miaobu.localhost${operation.path.replace(/\{\w+\}/g, 'x')}`, {
        method: operation.method,
        headers: { 'content-type': 'application/json', 'x-request-id': 'the-same' },
        body: new ReadableStream({ pull: () => new Promise(() => {}) }),
        // Node requires it for a streaming body; its types lack it.
        ...({ duplex: 'half' } as object),
      }),
    );
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: JSON.parse(text) as RawAnswer['body'] };
  },
  code_host_unavailable: late({}, codeHostFails('code_host_unavailable')),
  code_host_throttled: late({}, codeHostFails('code_host_throttled')),
  code_host_unauthorized: late({}, codeHostFails('code_host_unauthorized')),
  repository_not_found: late({}, (api) => void api.codeHost.repositories.splice(0)),
  branch_not_found: late({}, ({ codeHost: { repositories: all } }) => {
    all.splice(0, all.length, ...all.map((repository) => ({ ...repository, branches: {} })));
  }),
  log_store_unavailable: late({}, (api) => {
    Object.assign(api.buildLog, { read: failWith('log_store_unavailable') });
  }),
};
