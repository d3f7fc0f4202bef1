import { kvKey, parseRoute, ROUTE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { sql } from '@miaobu/shared/db/sql';
import { scrubMessage } from '@miaobu/shared/model/route/scrub-message';
import type { Alert } from '@miaobu/shared/ports/alert-channel';
import { expect, test } from 'vitest';
import { eachTestHasASite } from '../../tests/database/each-test-has-a-site.ts';
import { SCRUB_SECONDS, scrubRoutes } from './scrub-routes.ts';
import { sendAlert } from './send-alert.ts';

const own = eachTestHasASite();

async function live(): Promise<void> {
  await own.deploy.build(own.site, { 'index.html': 'one' });
  await own.deploy.work();
}
const valueAt = async (host: string) => (await own.cloud.edgeStore.get(ROUTE_NAMESPACE, kvKey(host))) ?? '';
const write = (host: string, value: string) => own.cloud.edgeStore.put(ROUTE_NAMESPACE, kvKey(host), value);
const spoil = (host: string) => write(host, '<h1>hello</h1>');
async function scrub(): Promise<void> {
  await own.stored.moveClock(SCRUB_SECONDS);
  await own.stored.store.enqueue(scrubMessage('timer'));
  const { store } = own.stored;
  await own.deploy.workOn({
    ...own.deploy.handlers,
    'route.scrub': scrubRoutes({ store, edgeStore: own.cloud.edgeStore }),
  });
}
const alarms = () =>
  own.stored.db.query(sql`
    select action, subject, details from audit_log where action in ('edge.diverged', 'edge.ahead') order by id`);
/** More hostnames of the site's environment. */
async function more(count: number): Promise<string[]> {
  const hostnames = Array.from({ length: count }, (_, n) => `more-${n}-${own.hostname}`);
  const { project, environment } = own.site;
  for (const hostname of hostnames)
    await own.stored.store.routes.insert({ hostname, projectId: project.id, environmentId: environment.id });
  return hostnames;
}

test('a hostname that is repaired for the third time within an hour raises an alarm, once a day', async () => {
  await live();
  for (let n = 0; n < 4; n++) {
    expect(await alarms()).toHaveLength(n < 3 ? 0 : 1);
    await spoil(own.hostname);
    await scrub();
    expect(parseRoute(await valueAt(own.hostname))).toBeDefined();
  }
  const details = { repairs: 3, within_seconds: 3600 };
  expect(await alarms()).toEqual([{ action: 'edge.diverged', subject: own.hostname, details }]);
});

test('repairs hours apart raise none', async () => {
  await live();
  for (let n = 0; n < 4; n++) {
    await own.stored.moveClock(3600);
    await spoil(own.hostname);
    await scrub();
  }
  expect(await alarms()).toEqual([]);
});

test.each([
  [5, 0],
  [6, 1],
])('%i routes repaired at once raise %i alarms', async (count, raised) => {
  const hostnames = [own.hostname, ...(await more(count - 1))];
  await live();
  for (const hostname of hostnames) await spoil(hostname);
  await scrub();
  expect(await alarms()).toMatchObject(
    raised === 0 ? [] : [{ action: 'edge.diverged', subject: 'edge', details: { routes: count } }],
  );
});

test('a generation that the database has not reached raises one alarm for all hostnames, and says what to do', async () => {
  const hostnames = [own.hostname, ...(await more(2))];
  await live();
  for (const hostname of hostnames) {
    await write(hostname, JSON.stringify({ ...parseRoute(await valueAt(hostname)), gen: 7 }));
  }
  await scrub();
  expect(await alarms()).toMatchObject([
    { action: 'edge.ahead', subject: 'database', details: { edge_generation: 7, database_generation: 1 } },
  ]);
  const [raised] = await own.stored.db.query<{ id: string }>(sql`select id from audit_log where action = 'edge.ahead'`);
  const alerts: Alert[] = [];
  const alertChannel = { send: async (alert: Alert) => void alerts.push(alert) };
  const handler = sendAlert({ store: own.stored.store, alertChannel });
  const lease = { token: 1, assertTrusted: () => {} };
  const context = { requestId: 'timer', log: { ...console, with: () => expect.fail() }, signal: AbortSignal.abort() };
  await handler.work({ audit_id: raised?.id ?? '' }, lease, context as unknown as Parameters<typeof handler.work>[2]);
  expect(alerts).toMatchObject([{ action: 'edge.ahead', advice: expect.stringContaining('failover') }]);
});
