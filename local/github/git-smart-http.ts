import { randomUUID } from 'node:crypto';
import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { startGit } from './git-command.ts';
import { remoteLine, splitBeforeFlush } from './git-sideband.ts';
import { type GithubRepositories, type GithubRepository, isRepositoryName } from './github-repositories.ts';
import type { GithubUser, GithubUsers } from './github-users.ts';
import { NO_OBJECT, type RefChange } from './push-event.ts';
import { type PushIntake, PushRefused, type PushResult } from './push-intake.ts';
import type { Delivery, WebhookDeliveries } from './webhook-deliveries.ts';

/** GitHub's limit for one push. */
const PUSH_LIMIT_BYTES = 2 * 1024 ** 3;
/** Before a push that it cannot send twice, git checks with a single flush packet whether it is authorized. */
const FLUSH_BYTES = 4;
interface Dependencies {
  readonly stateDirectory: string;
  readonly repositories: GithubRepositories;
  readonly users: GithubUsers;
  readonly pushes: PushIntake;
  readonly deliveries: WebhookDeliveries;
  /** How long the answer to a push waits to report the results of its webhooks. */
  readonly reportWaitMs: number;
}

/**
 * git over smart HTTP (specified in git's gitprotocol-http): `info/refs`, `git-upload-pack` and `git-receive-pack` of
 * `/{owner}/{name}.git`, with the system's git behind it. `pathname` is the path below the mount point.
 */
export function createGitSmartHttp(deps: Dependencies) {
  const { stateDirectory, repositories, users, pushes, deliveries, reportWaitMs } = deps;
  const incoming = path.join(stateDirectory, 'incoming');
  rmSync(incoming, { recursive: true, force: true });
  mkdirSync(incoming, { recursive: true });

  const advertise = async (service: string, repository: GithubRepository | undefined, exchange: Exchange) => {
    const directory = repository?.directory ?? (await repositories.emptyDirectory());
    const args = [service.slice('git-'.length), '--stateless-rpc', '--http-backend-info-refs', directory];
    const { response } = exchange;
    response.writeHead(200, { 'content-type': `application/x-${service}-advertisement`, 'cache-control': 'no-cache' });
    const line = `# service=${service}\n`;
    response.write(`${(line.length + 4).toString(16).padStart(4, '0')}${line}0000`);
    await streamGit(args, exchange, undefined);
  };

  const receive = async (owner: string, name: string, user: GithubUser, { request, response }: Exchange) => {
    const file = path.join(incoming, randomUUID());
    try {
      const size = await spool(request, file).catch((error: unknown) => (error instanceof RangeError ? 413 : 400));
      if (typeof size === 'number') return refuse(response, size, 'The push is too large, or its body cannot be read.');
      const probe = size.bytes === FLUSH_BYTES;
      const repository = probe ? undefined : await repositories.ensure(owner, name);
      const result = repository && (await pushes.receive(repository, user, file, protocolOf(request)));
      response.writeHead(200, { 'content-type': 'application/x-git-receive-pack-result', 'cache-control': 'no-cache' });
      if (result) await report(result, response);
      else response.end();
    } catch (error) {
      if (!(error instanceof PushRefused)) throw error;
      refuse(response, 500, error.message);
    } finally {
      await rm(file, { force: true });
    }
  };

  const report = async (result: PushResult, response: ServerResponse) => {
    const parts = result.changes.length > 0 ? splitBeforeFlush(result.output) : undefined;
    if (!parts) return void response.end(result.output);
    response.write(parts.head);
    for (const change of result.changes) response.write(remoteLine(describeChange(change)));
    const over = await deliveries.settled(result.deliveries, reportWaitMs);
    for (const line of describeDeliveries(result.deliveries.length, over)) response.write(remoteLine(line));
    response.end(parts.tail);
  };

  return async (request: IncomingMessage, response: ServerResponse, pathname: string): Promise<void> => {
    const exchange = { request, response };
    const match = /^\/([\w-]+)\/([\w.-]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/.exec(pathname);
    if (!match) return refuse(response, 404, 'Not Found');
    const [, owner = '', name = '', action = ''] = match;
    const query = new URL(request.url ?? '/', 'http://local').searchParams;
    const service = action === 'info/refs' ? query.get('service') : action;
    if (service !== 'git-upload-pack' && service !== 'git-receive-pack') {
      return refuse(response, 403, 'Please upgrade your git client: only the smart HTTP protocol is spoken here.');
    }
    if (request.method !== (action === 'info/refs' ? 'GET' : 'POST'))
      return refuse(response, 405, 'Method Not Allowed');
    const user = authenticate(request, users);
    if (!user) {
      response.setHeader('www-authenticate', 'Basic realm="GitHub"');
      return refuse(response, 401, 'Authenticate with your token as the password.');
    }
    const isOwner = user.login.toLowerCase() === owner.toLowerCase();
    const repository = isOwner ? repositories.find(owner, name) : undefined;
    const mayCreate = isOwner && service === 'git-receive-pack' && isRepositoryName(name);
    if (!repository && !mayCreate) return refuse(response, 404, 'Repository not found.');
    if (action === 'info/refs') return advertise(service, repository, exchange);
    if (service === 'git-receive-pack') return receive(owner, name, user, exchange);
    response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result', 'cache-control': 'no-cache' });
    return streamGit(['upload-pack', '--stateless-rpc', repository?.directory ?? ''], exchange, plainBody(request));
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}

/** As on GitHub the token decides; the user name beside it may be anything. */
function authenticate(request: IncomingMessage, users: GithubUsers): GithubUser | undefined {
  const encoded = /^basic +([\w+/=-]+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (!encoded) return undefined;
  const credentials = Buffer.from(encoded, 'base64').toString();
  return users.withToken(credentials.slice(credentials.indexOf(':') + 1));
}

const protocolOf = (request: IncomingMessage) => {
  const header = request.headers['git-protocol'];
  return typeof header === 'string' ? header : undefined;
};

const plainBody = (request: IncomingMessage): NodeJS.ReadableStream =>
  request.headers['content-encoding'] === 'gzip' ? request.pipe(createGunzip()) : request;

/** Writes the body to a file. Throws `RangeError` when it is above the limit. */
async function spool(request: IncomingMessage, file: string): Promise<{ bytes: number }> {
  let size = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      done(size > PUSH_LIMIT_BYTES ? new RangeError('too large') : null, chunk);
    },
  });
  const target = createWriteStream(file);
  if (request.headers['content-encoding'] === 'gzip') await pipeline(request, createGunzip(), count, target);
  else await pipeline(request, count, target);
  return { bytes: size };
}

/** Runs git between the request's body and the response; ends it when the client goes escape. */
async function streamGit(args: readonly string[], exchange: Exchange, body: NodeJS.ReadableStream | undefined) {
  const { request, response } = exchange;
  const child = startGit(args, [body ? 'pipe' : 'ignore', 'pipe', 'ignore'], protocolOf(request));
  response.once('close', () => child.kill());
  if (body && child.stdin) {
    // A client may stop sending, and git may stop reading, before the end; its exit code is what counts.
    pipeline(body, child.stdin).catch(() => child.stdin?.destroy());
  }
  child.stdout?.on('error', () => {});
  child.stdout?.pipe(response, { end: false });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (exitCode === 0) response.end();
  else response.destroy();
}

function describeChange({ ref, before, after }: RefChange): string {
  const name = ref.replace(/^refs\/(heads|tags)\//, '');
  const short = (sha: string) => sha.slice(0, 7);
  if (after === NO_OBJECT) return `${name}: deleted (was ${short(before)})`;
  return before === NO_OBJECT ? `${name}: new, ${short(after)}` : `${name}: ${short(before)} -> ${short(after)}`;
}

function describeDeliveries(queued: number, over: readonly Delivery[]): string[] {
  if (queued === 0) return ['No webhook listens to this repository.'];
  const delivered = over.filter(({ status }) => status === 'OK').length;
  const count = (n: number) => `${n} webhook${n === 1 ? '' : 's'}`;
  return [
    ...(delivered > 0 ? [`${count(delivered)} delivered.`] : []),
    ...over.filter(({ status }) => status !== 'OK').map(({ status }) => `1 webhook failed: ${status}`),
    ...(over.length < queued ? [`${count(queued - over.length)} still being delivered.`] : []),
  ];
}
