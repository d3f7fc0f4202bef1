import { createHash } from 'node:crypto';
import type { BuildReport, LogChunk } from '@miaobu/shared/contracts/build-job';
import type { Manifest } from '@miaobu/shared/contracts/manifest';
import type { BuildLog } from '@miaobu/shared/ports/build-log';
import type { CodeHost } from '@miaobu/shared/ports/code-host';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';
import { createLog } from '@miaobu/shared/runtime/logger';
import { webApp } from '@miaobu/shared/runtime/web-function';
import { appendLog } from '../../functions/build-callback/append-log.ts';
import { authenticateRunner } from '../../functions/build-callback/authenticate-runner.ts';
import { buildCallbackRoutes } from '../../functions/build-callback/build-callback-routes.ts';
import { grantPublication } from '../../functions/build-callback/grant-publication.ts';
import { recordReport } from '../../functions/build-callback/record-report.ts';
import { redeemTicket } from '../../functions/build-callback/redeem-ticket.ts';
import { requestManifestUpload, requestUploads } from '../../functions/build-callback/request-uploads.ts';
import type { Dispatched, TestStore } from './prepare-deployment.ts';

export interface CallbackPorts {
  readonly objectStore: Pick<ObjectStore, 'presignPut'>;
  readonly buildLog: Pick<BuildLog, 'append'>;
  readonly codeHost: Pick<CodeHost, 'archiveUrl'>;
}

export interface Answer {
  readonly status: number;
  readonly data: Record<string, unknown>;
  /** The error's code, if it is one. */
  readonly code: string | undefined;
}

export interface Upload {
  readonly url: string;
  readonly headers: Record<string, string>;
}

/** `build-callback` as its handler assembles it, called without a socket. */
export function callbackUnderTest(test: TestStore, ports: CallbackPorts) {
  const rings: string[] = [];
  const log: string[] = [];
  const { store, tokens, sealer, readGithubToken } = test;
  const runner = { authenticateRunner: authenticateRunner({ store }), store, tokens };
  const doorbell = {
    async ring(requestId: string) {
      rings.push(requestId);
    },
  };
  const app = webApp(createLog({}, (line) => log.push(line)));
  buildCallbackRoutes(app, {
    redeemTicket: redeemTicket({ store, tokens, sealer, readGithubToken, doorbell, ...ports }),
    appendLog: appendLog({ ...runner, buildLog: ports.buildLog }),
    recordReport: recordReport({ ...runner, doorbell }),
    grantPublication: grantPublication(runner),
    requestUploads: requestUploads({ ...runner, objectStore: ports.objectStore }),
    requestManifestUpload: requestManifestUpload({ ...runner, objectStore: ports.objectStore }),
  });

  async function ask(
    method: string,
    path: string,
    body?: unknown,
    token?: unknown,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const response = await app.request(`/builds/v1${path}`, {
      method,
      headers: {
        ...more,
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as { data?: Record<string, unknown>; error?: { code: string } };
    return { status: response.status, data: answer.data ?? {}, code: answer.error?.code };
  }

  return {
    ask,
    /** Rings of the doorbell. */
    rings,
    /** What was logged, a line each. */
    log,
    /** The calls a run makes for one attempt. */
    runOf({ shownId, attempt, ticket }: Pick<Dispatched, 'shownId' | 'attempt' | 'ticket'>) {
      const path = `/${shownId}/attempts/${attempt}`;
      return {
        redeem: (redeemer = 'run-1', withTicket = ticket, address = '192.0.2.1') =>
          ask('POST', `${path}/redeem`, { ticket: withTicket, redeemer }, undefined, { 'x-fc-client-ip': address }),
        report: (token: unknown, report: BuildReport) => ask('POST', `${path}/reports`, report, token),
        log: (token: unknown, chunk: number | string, content: LogChunk) =>
          ask('PUT', `${path}/logs/${chunk}`, content, token),
        publication: (token: unknown) => ask('POST', `${path}/publication`, undefined, token),
        uploads: (token: unknown, blobs: readonly { sha256: string; bytes: number; md5?: string }[]) =>
          ask('POST', `${path}/uploads`, { blobs }, token),
        manifest: (token: unknown, manifest: { sha256: string; bytes: number }) =>
          ask('POST', `${path}/manifest`, manifest, token),
      };
    },
  };
}
export type CallbackUnderTest = ReturnType<typeof callbackUnderTest>;

export const sha256Of = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');

export const putUpload = ({ url, headers }: Upload, content: string | Buffer) =>
  fetch(url, { method: 'PUT', headers, body: Buffer.from(content) });

export type SiteFiles = Readonly<Record<string, string>>;

export function manifestOf(files: SiteFiles): Manifest {
  return {
    v: 1,
    kind: 'static',
    spa: false,
    files: Object.entries(files).map(([path, content]) => ({
      path,
      sha256: sha256Of(content),
      bytes: Buffer.byteLength(content),
      type: 'text/html; charset=utf-8',
    })),
  };
}

/**
 * Plays a whole build: redeems the ticket, uploads the files and the manifest, reports the end. What is uploaded or reported can
 * be made wrong.
 */
export async function playBuild(
  callback: CallbackUnderTest,
  dispatched: Dispatched,
  files: SiteFiles,
  lies: {
    /** Bytes to upload instead of a file's own, of the same length. */
    readonly content?: Readonly<Record<string, string>>;
    /** Files that are listed and not uploaded. */
    readonly withheld?: readonly string[];
    /** The text of the manifest. */
    readonly manifest?: string;
    /** The digest that is reported. */
    readonly manifestSha256?: string;
  } = {},
): Promise<void> {
  const run = callback.runOf(dispatched);
  const must = (answer: Answer) => {
    if (answer.status !== 200) throw new Error(`the build was refused: ${answer.status} ${answer.code}`);
    return answer.data;
  };
  const { token } = must(await run.redeem());
  const { token: publish } = must(await run.publication(token));
  const byHash = new Map(Object.entries(files).map(([path, content]) => [sha256Of(content), { path, content }]));
  const blobs = [...byHash].map(([sha256, { content }]) => ({ sha256, bytes: Buffer.byteLength(content) }));
  for (let start = 0; start < blobs.length; start += 1000) {
    const { uploads } = must(await run.uploads(publish, blobs.slice(start, start + 1000)));
    await Promise.all(
      (uploads as (Upload & { sha256: string })[]).map(async (upload) => {
        const { path, content } = byHash.get(upload.sha256) ?? { path: '', content: '' };
        if (lies.withheld?.includes(path)) return;
        const { status } = await putUpload(upload, lies.content?.[path] ?? content);
        // 409: an earlier build has uploaded it.
        if (status !== 200 && status !== 409) throw new Error(`the upload of ${path} was refused: ${status}`);
      }),
    );
  }
  const manifest = lies.manifest ?? JSON.stringify(manifestOf(files));
  const described = { sha256: sha256Of(manifest), bytes: Buffer.byteLength(manifest) };
  const place = must(await run.manifest(publish, described)) as unknown as Upload;
  const { status } = await putUpload(place, manifest);
  if (status !== 200) throw new Error(`the manifest was refused: ${status}`);
  must(
    await run.report(token, {
      seq: 1,
      kind: 'uploaded',
      manifest_sha256: lies.manifestSha256 ?? described.sha256,
      manifest_bytes: described.bytes,
      build_seconds: 1.5,
    }),
  );
}
