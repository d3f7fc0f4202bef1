import { sha256Hex } from '@miaobu/shared/kernel/hmac';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type ImportedProject, importProject } from './import-project.ts';
import { openTestStore, type TestStore } from './prepare-deployment.ts';
import { pushEvent } from './webhook-under-test.ts';

/** Id of a commit that a test gives a name. */
export const commit = (name: string) => sha256Hex(name).slice(0, 40);

/** A push of that commit to `main`. */
export const push = (name: string, pushedAt = 1000) => pushEvent({ after: commit(name), pushedAt });

/** Gives each test of the file a database with just this many projects, whose hooks exist at GitHub. */
export function eachTestHasHookedProjects(count: number): {
  readonly stored: TestStore;
  readonly sites: readonly ImportedProject[];
} {
  let stored: TestStore | undefined;
  let sites: ImportedProject[] = [];
  beforeAll(async () => {
    stored = await openTestStore();
  });
  beforeEach(async () => {
    const { stored: own } = hooked;
    await own.empty();
    sites = [];
    for (let n = 0; n < count; n++) sites.push(await importProject(own, { slug: `site-${n}` }));
  });
  afterAll(() => stored?.close());
  const hooked = {
    get stored() {
      if (!stored) throw new Error('no test has begun');
      return stored;
    },
    get sites() {
      return sites;
    },
  };
  return hooked;
}

/** The same, with one project. */
export function eachTestHasAHookedProject(): { readonly stored: TestStore; readonly site: ImportedProject } {
  const hooked = eachTestHasHookedProjects(1);
  return {
    get stored() {
      return hooked.stored;
    },
    get site() {
      const [site] = hooked.sites;
      if (!site) throw new Error('no test has begun');
      return site;
    },
  };
}
