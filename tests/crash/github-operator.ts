import { OPERATOR } from '../../local/local-cloud.ts';
import type { LocalSecrets } from '../../local/local-secrets.ts';
import { BUILDS_REPOSITORY } from '../../local/platform-workflow.ts';

/** How a hook's delivery went. */
export interface SeenDelivery {
  readonly id: number;
  readonly guid: string;
  readonly event: string;
  readonly statusCode: number;
}

/** What the owner of the repositories sees on GitHub. */
export interface GithubOperator {
  buildsRun(): Promise<boolean>;
  hooks(repository: string): Promise<{ readonly id: number }[]>;
  /** Of all its hooks, newest first. */
  deliveries(repository: string): Promise<SeenDelivery[]>;
  /** The headers that a delivery was answered with. */
  answerTo(repository: string, delivery: number): Promise<Readonly<Record<string, string>>>;
  /** Has every delivery sent again. */
  sendAgain(repository: string): Promise<void>;
}

export function githubOperator(api: string, secrets: LocalSecrets): GithubOperator {
  const call = async (method: string, path: string, token = secrets.gitToken): Promise<unknown> => {
    const answer = await fetch(`${api}${path}`, { method, headers: { authorization: `Bearer ${token}` } });
    return answer.json();
  };
  const hooksOf = (repository: string) => `/repos/${OPERATOR.login}/${repository}/hooks`;
  const hooks = async (repository: string) => (await call('GET', hooksOf(repository))) as { id: number }[];
  const perHook = async (repository: string) => {
    const found = await hooks(repository);
    return Promise.all(
      found.map(async ({ id }) => {
        const path = `${hooksOf(repository)}/${id}/deliveries`;
        const seen = (await call('GET', path)) as { id: number; guid: string; event: string; status_code: number }[];
        return seen.map(({ status_code: statusCode, ...delivery }) => ({ ...delivery, statusCode, path }));
      }),
    );
  };
  const deliveries = async (repository: string) => (await perHook(repository)).flat();

  return {
    hooks,
    deliveries,
    async buildsRun() {
      const path = `/repos/${BUILDS_REPOSITORY}/actions/runs?per_page=20`;
      const { workflow_runs: runs } = (await call('GET', path, secrets.actionsToken)) as {
        workflow_runs: { status: string }[];
      };
      return runs.some(({ status }) => status !== 'completed');
    },
    async answerTo(repository, delivery) {
      const found = (await deliveries(repository)).find(({ id }) => id === delivery);
      if (!found) throw new Error(`there is no delivery ${delivery}`);
      const { response } = (await call('GET', `${found.path}/${delivery}`)) as {
        response: { headers: Record<string, string> };
      };
      return response.headers;
    },
    async sendAgain(repository) {
      for (const { path, id } of await deliveries(repository)) await call('POST', `${path}/${id}/attempts`);
    },
  };
}
