import { alidnsDnsZone } from '@miaobu/shared/adapters/aliyun/alidns-dns-zone';
import { tablestoreBuildLog } from '@miaobu/shared/adapters/aliyun/tablestore-build-log';
import { kvKey, ROUTE_NAMESPACE, TABLE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { sql } from '@miaobu/shared/db/sql';
import { showId } from '@miaobu/shared/kernel/ids';
import { connectHostnameMessage } from '@miaobu/shared/model/project/connect-hostname-message';
import { hookUrl } from '@miaobu/shared/model/project/hook-url';
import { createLog } from '@miaobu/shared/runtime/logger';
import { deleteProject } from '../../functions/api/projects/delete-project.ts';
import { connectHook } from '../../functions/deploy/connect-hook.ts';
import { connectHostname } from '../../functions/deploy/connect-hostname.ts';
import { type Deps as TeardownDeps, teardownProject } from '../../functions/deploy/teardown-project.ts';
import { createAccount } from '../../local/aliyun/account.ts';
import { createAlidnsEmulator } from '../../local/aliyun/alidns/alidns-emulator.ts';
import { createTablestoreEmulator } from '../../local/aliyun/tablestore/tablestore-emulator.ts';
import { listen } from '../../local/wire/emulator.ts';
import { startCloudUnderTest } from './cloud-under-test.ts';
import { deployUnderTest, workerUnderTest } from './deploy-under-test.ts';
import { startGithubUnderTest } from './github-under-test.ts';
import { prepareSite, type Site, type TestStore } from './prepare-deployment.ts';
import { signedIn } from './signed-in.ts';

const CONTROL = 'https://api.control.example';
const DOMAIN = 'sites.localhost';
const ORIGIN = 'artifacts.oss-cn-hangzhou.aliyuncs.com';
const account = createAccount('teardown test');

/** The ports that a teardown calls. */
export type Ports = Pick<TeardownDeps, 'edgeStore' | 'edgeZone' | 'dnsZone' | 'codeHost' | 'objectStore' | 'buildLog'>;

/** A project with everything it can have outside, on emulators of all vendors, and its deletion. */
export async function teardownUnderTest(stored: TestStore) {
  const { store, sealer, readGithubToken } = stored;
  const cloud = await startCloudUnderTest();
  const github = await startGithubUnderTest();
  await github.checkout.commit('first', { 'index.html': 'hello' });
  await github.checkout.git('push', 'origin', 'main');
  const alidns = createAlidnsEmulator({ account, stateDirectory: ':memory:', domains: [DOMAIN] });
  const dns = await listen(alidns);
  const tablestore = createTablestoreEmulator({ account, stateDirectory: ':memory:', instanceName: 'miaobu' });
  const logs = await listen(tablestore);
  const buildLog = tablestoreBuildLog({
    endpoint: logs.url,
    instance: 'miaobu',
    table: 'build_logs',
    timeToLiveSeconds: 24 * 3600,
    credentials: () => account.operator,
  });
  await buildLog.ensureTable();
  const dnsZone = alidnsDnsZone({
    endpoint: dns.url,
    region: 'cn-hangzhou',
    domainName: DOMAIN,
    credentials: () => account.operator,
  });
  const deploy = deployUnderTest(stored, cloud);
  const ports: Ports = { ...cloud, dnsZone, buildLog, codeHost: github.codeHost };
  const connecting = {
    'hostname.connect': connectHostname({ store, ...cloud, dnsZone, originBucketDomain: ORIGIN }),
    'hook.connect': connectHook({ store, sealer, readGithubToken, codeHost: github.codeHost, controlOrigin: CONTROL }),
  };
  const handlersWith = (through: Ports) => ({
    ...deploy.handlers,
    ...connecting,
    'project.teardown': teardownProject({ store, readGithubToken, controlOrigin: CONTROL, ...through }),
  });
  const hooks = async (): Promise<{ id: number }[]> =>
    (await (await github.github.api('/repos/you/site/hooks')).json()) as { id: number }[];

  return {
    cloud,
    github,
    deploy,
    ports,
    hooks,
    /** Asks for the hostnames and the hook of a project to be connected, as its import does. */
    async askToConnect({ project, hostnames }: Site) {
      for (const hostname of hostnames) await store.enqueue(connectHostnameMessage(project.id, hostname, 'test'));
      const dedupeKey = `hook.connect:${project.id}`;
      const payload = { project_id: project.id };
      await store.enqueue({ topic: 'hook.connect', lane: `hook:${project.id}`, dedupeKey, payload, requestId: 'test' });
    },
    /** Connects a project immediately, as a worker that had started earlier would. */
    async connect({ project, hostnames }: Site) {
      for (const hostname of hostnames) {
        const { cname } = await cloud.edgeZone.ensureSiteRecord({ hostname, originBucketDomain: ORIGIN });
        await dnsZone.upsertCname({ hostname, target: cname, ttlSeconds: 600 });
      }
      const hook = { url: hookUrl(CONTROL, project.id), secret: 'a secret' };
      await github.codeHost.createPushHook('token-of-you', project.repository, hook);
    },
    /** A connected project with as many deployments, each with a log; the last one is live. */
    async liveSite(slug: string, deployments = 2): Promise<Site & { readonly deployments: readonly string[] }> {
      const site = await prepareSite(stored, { slug, hostnames: [`${slug}.${DOMAIN}`] });
      await this.askToConnect(site);
      const ids: string[] = [];
      for (let n = 1; n <= deployments; n++) {
        ids.push(await deploy.build(site, { 'index.html': `page ${n}`, 'about.html': 'the same' }));
        await this.work();
      }
      for (const id of ids) {
        const key = { deploymentId: showId('deployment', id), attempt: 1 };
        await buildLog.append(key, [{ chunk: 0, text: 'built\n', at: new Date(0) }]);
      }
      return { ...site, deployments: ids };
    },
    /** What `DELETE /api/v1/projects/{project}` does. */
    async delete({ project }: Site) {
      const user = await store.accounts.upsertUser({ githubId: 101, githubLogin: 'you' });
      const context = { requestId: 'delete', log: createLog({}, () => {}), signal: new AbortController().signal };
      const operation = deleteProject({ store, doorbell: { ring: async () => {} } });
      return operation({ params: { project: project.slug }, query: {}, body: undefined }, signedIn(user), context);
    },
    /** Works until nothing is due, with these ports instead of the real ones. */
    work: (through: Ports = ports) => workerUnderTest(stored)(handlersWith(through)),
    /** Everything that a project has outside, by kind. */
    async outside(site: Site & { readonly deployments?: readonly string[] }) {
      const shown = (site.deployments ?? []).map((id) => showId('deployment', id));
      const found = {
        routes: [] as string[],
        records: [] as string[],
        aliases: [] as string[],
        hooks: (await hooks()).length,
        tables: [] as string[],
        objects: (await cloud.objectStore.list(`projects/${site.project.slug}/`)).objects.length,
        logs: 0,
      };
      for (const hostname of site.hostnames) {
        const key = kvKey(hostname);
        if ((await cloud.edgeStore.get(ROUTE_NAMESPACE, key)) !== undefined) found.routes.push(hostname);
        if (await cloud.hasRecord(hostname)) found.records.push(hostname);
        found.aliases.push(...alidns.recordsOf(hostname).map(({ type }) => type));
      }
      for (const deploymentId of shown) {
        const { keys } = await cloud.edgeStore.list(TABLE_NAMESPACE, deploymentId);
        found.tables.push(...keys.map(({ key }) => key));
        found.logs += (await buildLog.read({ deploymentId }, { limit: 10, ended: true })).entries.length;
      }
      return found;
    },
    /** Rows of the project in any table. */
    async rows({ project }: Site): Promise<number> {
      const [row] = await stored.db.query<{ count: number }>(sql`
        select (select count(*) from projects where id = ${project.id})
             + (select count(*) from environments where project_id = ${project.id})
             + (select count(*) from deployments where project_id = ${project.id})
             + (select count(*) from routes where project_id = ${project.id})
             + (select count(*) from route_exposures)
             + (select count(*) from cloud_resources where project_id = ${project.id})
             + (select count(*) from blobs where project_id = ${project.id})
             + (select count(*) from webhook_deliveries where project_id = ${project.id}) as count`);
      return row?.count ?? 0;
    },
    async close() {
      await Promise.all([dns.close(), logs.close()]);
      await Promise.all([alidns.close(), tablestore.close(), github.close(), cloud.close()]);
    },
  };
}
export type TeardownUnderTest = Awaited<ReturnType<typeof teardownUnderTest>>;
