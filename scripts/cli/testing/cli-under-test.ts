import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DeploymentStatus } from '@miaobu/shared/contracts/shown-deployment';
import { sql } from '@miaobu/shared/db/sql';
import { readId, showId } from '@miaobu/shared/kernel/ids';
import { type ApiUnderTest, apiUnderTest, ORIGIN, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import { type ImportedProject, importProject } from '../../../tests/database/import-project.ts';
import { queueTestDeployment, type TestStore } from '../../../tests/database/prepare-deployment.ts';
import { type EndedHere, runHere, type WorldOptions } from './run-miaobu.ts';

/** The command line against the API itself, without a socket between. Its user is `you`, whose files are in a folder of the test's own. */
export async function cliUnderTest(stored: TestStore) {
  await stored.empty();
  const api: ApiUnderTest = apiUnderTest(stored);
  const you: SignedUpUser = await api.signUp('you');
  const home = mkdtempSync(path.join(tmpdir(), 'miaobu-cli-'));
  const environment = { PATH: process.env.PATH, HOME: home, MIAOBU_HOME: path.join(home, 'local') };
  const requests: string[] = [];
  const fetchFromApp: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    requests.push(`${request.method} ${new URL(request.url).pathname}`);
    return api.app.request(request);
  };

  return {
    api,
    you,
    home,
    environment,
    /** Every request that was made, in order. */
    requests,
    /** Runs a command as `you`. */
    run: (
      args: readonly string[],
      options: WorldOptions = {},
      onOutput?: (stdout: string) => void,
    ): Promise<EndedHere> =>
      runHere(
        args,
        {
          fetch: fetchFromApp,
          folder: home,
          ...options,
          environment: { ...environment, MIAOBU_API_URL: ORIGIN, MIAOBU_TOKEN: you.token, ...options.environment },
        },
        onOutput,
      ),
    project: (slug: string, options: { githubRepositoryId?: number } = {}): Promise<ImportedProject> =>
      importProject(stored, { slug, owner: you.user, ...options }),
    /** A deployment as a push makes it; its id as it is shown. */
    async deployment({ project, production }: ImportedProject, commitSha?: string): Promise<string> {
      const site = { project, environment: production, hostnames: [] };
      return showId('deployment', (await queueTestDeployment(stored, site, commitSha)).id);
    },
    /** Makes a deployment what the rest of the platform would have made of it by now. */
    async become(shown: string, status: DeploymentStatus, set: { reason?: string; reasonMessage?: string } = {}) {
      const id = readId('deployment', shown) ?? '';
      await stored.db.query(sql`
        update deployments
           set status = ${status}, reason = ${set.reason ?? null}, reason_message = ${set.reasonMessage ?? null}
         where id = ${id}`);
    },
    /** Makes it what its environment shows: first that, then complete, as the platform does. */
    async show(shown: string) {
      const deployment = await stored.deployment(readId('deployment', shown) ?? '');
      await stored.store.environments.switchTo(deployment.environmentId, { id: deployment.id, seq: deployment.seq });
      await stored.db.query(sql`
        update deployments
           set status = 'deployed', activated_at = db_now(), published_at = db_now(), finished_at = db_now()
         where id = ${deployment.id}`);
    },
    /** Makes `folder` a git repository with this remote. */
    git(...args: readonly string[]): string {
      return execFileSync('git', args, { cwd: home, encoding: 'utf8', env: { PATH: process.env.PATH, HOME: home } });
    },
    close: () => rmSync(home, { recursive: true, force: true }),
  };
}
export type CliUnderTest = Awaited<ReturnType<typeof cliUnderTest>>;
