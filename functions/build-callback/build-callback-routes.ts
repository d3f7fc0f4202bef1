import {
  BUILD_PROTOCOL_PATH,
  buildReport,
  LOG_CHUNK_LIMIT_BYTES,
  logChunk,
  manifestUploadRequest,
  redeemRequest,
  uploadRequest,
} from '@miaobu/shared/contracts/build-job';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { invalidFields } from '@miaobu/shared/kernel/invalid-fields';
import { readJson, type WebApp, type WebEnvironment } from '@miaobu/shared/runtime/web-function';
import type { Context as HonoContext } from 'hono';
import type * as z from 'zod';
import type { appendLog } from './append-log.ts';
import type { RunnerClaim } from './authenticate-runner.ts';
import type { grantPublication } from './grant-publication.ts';
import type { recordReport } from './record-report.ts';
import type { redeemTicket } from './redeem-ticket.ts';
import type { requestManifestUpload, requestUploads } from './request-uploads.ts';

export interface UseCases {
  readonly redeemTicket: ReturnType<typeof redeemTicket>;
  readonly appendLog: ReturnType<typeof appendLog>;
  readonly recordReport: ReturnType<typeof recordReport>;
  readonly grantPublication: ReturnType<typeof grantPublication>;
  readonly requestUploads: ReturnType<typeof requestUploads>;
  readonly requestManifestUpload: ReturnType<typeof requestManifestUpload>;
}

const SMALL_BODY_BYTES = 64 * 1024;
/** A thousand blobs take about 110 KB; JSON escaping can multiply the size of a log chunk. */
const LARGE_BODY_BYTES = 4 * LOG_CHUNK_LIMIT_BYTES;
const ATTEMPT_PATH = `${BUILD_PROTOCOL_PATH}/:deployment/attempts/:attempt` as const;

type RequestContext = HonoContext<WebEnvironment>;

const claimOf = (c: RequestContext): RunnerClaim => ({
  deployment: c.req.param('deployment') ?? '',
  attempt: c.req.param('attempt') ?? '',
  authorization: c.req.header('authorization'),
});

async function bodyOf<Schema extends z.ZodType>(
  c: RequestContext,
  schema: Schema,
  limit: number,
): Promise<z.output<Schema>> {
  const parsed = schema.safeParse(await readJson(c.req.raw, limit));
  if (!parsed.success) throw invalidFields('body', parsed.error.issues);
  return parsed.data;
}

/** The routes of `contracts/build-job.ts`. */
export function buildCallbackRoutes(app: WebApp, use: UseCases): void {
  app.post(`${ATTEMPT_PATH}/redeem`, async (c) => {
    const { deployment, attempt } = claimOf(c);
    const body = await bodyOf(c, redeemRequest, SMALL_BODY_BYTES);
    return c.json({ data: await use.redeemTicket({ ...body, deployment, attempt }, c.get('context')) });
  });
  app.put(`${ATTEMPT_PATH}/logs/:chunk`, async (c) => {
    const chunk = c.req.param('chunk');
    if (!/^(0|[1-9]\d{0,8})$/.test(chunk)) throw new AppError('not_found');
    await use.appendLog(claimOf(c), Number(chunk), await bodyOf(c, logChunk, LARGE_BODY_BYTES));
    return c.json({ data: {} });
  });
  app.post(`${ATTEMPT_PATH}/reports`, async (c) => {
    const report = await bodyOf(c, buildReport, SMALL_BODY_BYTES);
    return c.json({ data: await use.recordReport(claimOf(c), report, c.get('context')) });
  });
  app.post(`${ATTEMPT_PATH}/publication`, async (c) =>
    c.json({ data: await use.grantPublication(claimOf(c), c.get('context')) }),
  );
  app.post(`${ATTEMPT_PATH}/uploads`, async (c) =>
    c.json({ data: await use.requestUploads(claimOf(c), await bodyOf(c, uploadRequest, LARGE_BODY_BYTES)) }),
  );
  app.post(`${ATTEMPT_PATH}/manifest`, async (c) =>
    c.json({
      data: await use.requestManifestUpload(claimOf(c), await bodyOf(c, manifestUploadRequest, SMALL_BODY_BYTES)),
    }),
  );
}
