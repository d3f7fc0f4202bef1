import * as z from 'zod';
import type { CodeHost, FailedDelivery } from '../../ports/code-host.ts';
import { repositoryPath } from './github-paths.ts';
import { type GithubRequest, readGithubJson } from './github-request.ts';

const deliverySchema = z.object({
  id: z.int(),
  guid: z.string(),
  event: z.string(),
  delivered_at: z.iso.datetime(),
  redelivery: z.boolean(),
  /** `OK`, or a description of the failure. */
  status: z.string(),
  /** Null when there was no answer. */
  status_code: z.int().nullish(),
});
type Delivery = z.output<typeof deliverySchema>;

const PAGE_SIZE = 100;
const PAGES = 5;
const UNAUTHORIZED = 401;

/** `CodeHost.listFailedDeliveries`: GitHub lists deliveries newest first, page by page behind a cursor. */
export const listFailedDeliveries =
  (request: GithubRequest): CodeHost['listFailedDeliveries'] =>
  async (token, fullName, hookId, since) => {
    const address = `${repositoryPath(fullName)}/hooks/${hookId}/deliveries?per_page=${PAGE_SIZE}`;
    const found: Delivery[] = [];
    let cursor: string | undefined = '';
    for (let page = 0; page < PAGES && cursor !== undefined; page++) {
      const answer = await request({ token, path: `${address}${cursor}`, expect: [404] });
      if (answer.status === 404) return undefined;
      const shown = readGithubJson(z.array(deliverySchema), answer);
      const recent = shown.filter(({ delivered_at }) => new Date(delivered_at) >= since);
      found.push(...recent);
      cursor = recent.length === shown.length ? nextCursor(answer.header('link')) : undefined;
    }
    return failedAmong(found.filter(({ event }) => event === 'push'));
  };

/** From the `Link` header: the cursor of the page with rel="next". */
function nextCursor(link: string | undefined): string | undefined {
  const next = /<([^>]+)>;\s*rel="next"/.exec(link ?? '')?.[1];
  const cursor = next === undefined ? null : new URL(next).searchParams.get('cursor');
  return cursor === null ? undefined : `&cursor=${encodeURIComponent(cursor)}`;
}

/** One for each GUID without a success: attempts share it, and come newest first. One whose first attempt is not listed is too old. */
function failedAmong(deliveries: readonly Delivery[]): FailedDelivery[] {
  const attempts = new Map<string, Delivery[]>();
  for (const each of deliveries) attempts.set(each.guid, [...(attempts.get(each.guid) ?? []), each]);
  const failed: FailedDelivery[] = [];
  for (const [guid, ofOne] of attempts) {
    const [last] = ofOne;
    const first = ofOne.find(({ redelivery }) => !redelivery);
    if (!last || !first || ofOne.some(({ status }) => status === 'OK')) continue;
    failed.push({
      id: last.id,
      guid,
      attempts: ofOne.length,
      firstAt: new Date(first.delivered_at),
      ...(last.status_code === UNAUTHORIZED && { unauthorizedAt: new Date(last.delivered_at) }),
    });
  }
  return failed.reverse();
}
