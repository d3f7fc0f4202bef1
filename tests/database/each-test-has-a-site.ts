import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type CloudUnderTest, startCloudUnderTest } from './cloud-under-test.ts';
import { type DeployUnderTest, deployUnderTest } from './deploy-under-test.ts';
import { openTestStore, prepareSite, type Site, type TestStore } from './prepare-deployment.ts';

/** What a test has: a database with a single site, the emulators, and the topics that take a build of the site to the edge. */
export interface PreparedSite {
  readonly stored: TestStore;
  readonly cloud: CloudUnderTest;
  readonly deploy: DeployUnderTest;
  readonly site: Site;
  /** The site's first. */
  readonly hostname: string;
}

/**
 * Gives each test of the file an empty database with a project that has this many hostnames. The bucket and Edge KV are shared by
 * all tests and not emptied, so each test's project has a different slug. No fault outlives its test.
 */
export function eachTestHasASite({ hostnames: count = 1 }: { readonly hostnames?: number } = {}): PreparedSite {
  let started: Pick<PreparedSite, 'stored' | 'cloud' | 'deploy'> | undefined;
  let site: Site | undefined;
  let sites = 0;
  const begun = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('no test has begun');
    return value;
  };

  beforeAll(async () => {
    const stored = await openTestStore();
    const cloud = await startCloudUnderTest();
    started = { stored, cloud, deploy: deployUnderTest(stored, cloud) };
  });
  beforeEach(async () => {
    const { stored } = begun(started);
    await stored.empty();
    sites += 1;
    const slug = `site-${sites}`;
    const hostnames = Array.from({ length: count }, (_, n) => `${slug}${n === 0 ? '' : `-${n}`}.sites.localhost`);
    site = await prepareSite(stored, { slug, hostnames });
  });
  afterEach(() => started?.cloud.faults.clear());
  afterAll(async () => {
    await started?.cloud.close();
    await started?.stored.close();
  });

  return {
    get stored() {
      return begun(started).stored;
    },
    get cloud() {
      return begun(started).cloud;
    },
    get deploy() {
      return begun(started).deploy;
    },
    get site() {
      return begun(site);
    },
    get hostname() {
      return begun(site?.hostnames[0]);
    },
  };
}
