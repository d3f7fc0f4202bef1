import {
  BUILD_PROTOCOL_PATH,
  type BuildInputs,
  type BuildJob,
  type BuildReport,
  type BuildReportAnswer,
  buildJob,
  buildReportAnswer,
  type LogChunk,
  type ManifestUploadAnswer,
  type ManifestUploadRequest,
  manifestUploadAnswer,
  type Publication,
  publication,
  type UploadAnswer,
  type UploadJob,
  type UploadRequest,
  uploadAnswer,
  uploadJob,
} from '@miaobu/shared/contracts/build-job';
import * as z from 'zod';
import { AttemptOver } from '../build-failure.ts';
import { exchange, type HttpRequest, Unavailable } from './http-request.ts';
import { type RetryOptions, retryRequest } from './retry-request.ts';

/** The platform understood the request and refused it (4xx), or gave an answer that is not of the protocol. */
export class PlatformRefusal extends Error {
  override readonly name = 'PlatformRefusal';
}

export interface PlatformClient {
  redeem(ticket: string, redeemer: string, options: RetryOptions): Promise<BuildJob>;
  /** The same for a folder that is uploaded as it is. */
  redeemUpload(ticket: string, redeemer: string, options: RetryOptions): Promise<UploadJob>;
  /** Everything below belongs to the redeemed job; `token` is the job's, or for the last two the publication's. */
  putLogChunk(token: string, number: number, chunk: LogChunk, options: RetryOptions): Promise<void>;
  report(token: string, report: BuildReport, options: RetryOptions): Promise<BuildReportAnswer>;
  publication(token: string, options: RetryOptions): Promise<Publication>;
  uploads(token: string, request: UploadRequest, options: RetryOptions): Promise<UploadAnswer>;
  manifest(token: string, request: ManifestUploadRequest, options: RetryOptions): Promise<ManifestUploadAnswer>;
}

const errorAnswer = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
/** These mean that the run itself has become pointless, whatever the request. */
const OVER = new Set(['ticket_already_redeemed', 'attempt_closed']);

/** Function Compute's answer when an instance ends while it starts. Nothing in this protocol is asked for on a condition. */
const NO_INSTANCE = 412;

function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

/**
 * The calls of the builder's protocol. All of them retry as the protocol says, throw `Unavailable` when that did not
 * help, `AttemptOver` when this run should end, and `PlatformRefusal` otherwise.
 */
export function createPlatformClient(
  inputs: Pick<BuildInputs, 'callback_url' | 'deployment_id' | 'attempt'>,
): PlatformClient {
  const root = new URL(inputs.callback_url).origin + BUILD_PROTOCOL_PATH;
  const attemptPath = `/${encodeURIComponent(inputs.deployment_id)}/attempts/${inputs.attempt}`;
  let requestId: string | undefined;

  async function call(
    method: HttpRequest['method'],
    path: string,
    token: string | undefined,
    value: unknown,
    { signal, ...retry }: RetryOptions,
  ): Promise<unknown> {
    const headers = {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(requestId === undefined ? {} : { 'x-request-id': requestId }),
    };
    const body = Buffer.from(JSON.stringify(value));
    const ask = async () => {
      const answer = await exchange({ method, url: root + path, headers, body, signal });
      if (answer.status === NO_INSTANCE) throw new Unavailable('no instance of the platform could be started');
      return answer;
    };
    const answer = await retryRequest(ask, { signal, ...retry });
    const json = readJson(answer.body);
    if (answer.status >= 200 && answer.status < 300) return json;
    const refusal = errorAnswer.safeParse(json);
    const reason = refusal.success ? `${refusal.data.error.code}: ${refusal.data.error.message}` : 'no reason given';
    if (refusal.success && OVER.has(refusal.data.error.code)) throw new AttemptOver(refusal.data.error.message);
    throw new PlatformRefusal(`the platform answered ${answer.status} to ${method} ${path} (${reason})`);
  }

  function dataOf<T>(schema: z.ZodType<T>, json: unknown, what: string): T {
    const parsed = z.object({ data: schema }).safeParse(json);
    if (parsed.success) return parsed.data.data;
    // Names the fields, never their values: the answer holds tokens.
    const fields = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
    throw new PlatformRefusal(`the platform's answer to ${what} is not of this protocol (${fields})`);
  }

  const redeemAs =
    <T extends BuildJob | UploadJob>(schema: z.ZodType<T>) =>
    async (ticket: string, redeemer: string, options: RetryOptions): Promise<T> => {
      const json = await call('POST', `${attemptPath}/redeem`, undefined, { ticket, redeemer }, options);
      const job = dataOf(schema, json, 'redeem');
      if (job.deployment_id !== inputs.deployment_id || job.attempt !== inputs.attempt) {
        throw new PlatformRefusal('the ticket belongs to another attempt than the one this run was started for');
      }
      requestId = job.request_id;
      return job;
    };

  return {
    redeem: redeemAs(buildJob),
    redeemUpload: redeemAs(uploadJob),
    async putLogChunk(token, number, chunk, options) {
      await call('PUT', `${attemptPath}/logs/${number}`, token, chunk, options);
    },
    report: async (token, report, options) =>
      dataOf(buildReportAnswer, await call('POST', `${attemptPath}/reports`, token, report, options), 'a report'),
    publication: async (token, options) =>
      dataOf(publication, await call('POST', `${attemptPath}/publication`, token, {}, options), 'publication'),
    uploads: async (token, request, options) =>
      dataOf(uploadAnswer, await call('POST', `${attemptPath}/uploads`, token, request, options), 'uploads'),
    manifest: async (token, request, options) =>
      dataOf(manifestUploadAnswer, await call('POST', `${attemptPath}/manifest`, token, request, options), 'manifest'),
  };
}
