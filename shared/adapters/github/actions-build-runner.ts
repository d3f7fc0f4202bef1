import * as z from 'zod';
import { AppError } from '../../kernel/app-error.ts';
import type { BuildRun, BuildRunner, BuildRunState } from '../../ports/build-runner.ts';
import { type GithubRequestConfig, githubRequest, readGithubJson } from './github-request.ts';
import { platformRefused, readOwnSecret } from './platform-access.ts';
import { rememberAnswers } from './remember-answers.ts';

export interface ActionsBuildRunnerConfig extends GithubRequestConfig {
  /** Read for each call. It must be allowed to start and cancel workflows of `repository`. */
  readonly token: () => Promise<string>;
  /** `owner/name` of the repository with the workflow. */
  readonly repository: string;
  /** File name in `.github/workflows`. Its `run-name` is `{deployment_id} attempt {attempt}`. */
  readonly workflow: string;
  /** The branch whose workflow file is used. */
  readonly ref: string;
}

const startedSchema = z.object({ workflow_run_id: z.int() });
const runSchema = z.object({
  id: z.int(),
  display_title: z.string(),
  status: z.string().nullable(),
  conclusion: z.string().nullable(),
  html_url: z.string(),
});
const runsSchema = z.object({ workflow_runs: z.array(runSchema) });

const PAGE_SIZE = 100;
const PAGES = 3;
const SERVICE = 'build_runner';
const TOKEN = 'github-actions-token';

/** `BuildRunner` on GitHub Actions, by `workflow_dispatch`. */
export function actionsBuildRunner(config: ActionsBuildRunnerConfig): BuildRunner {
  const request = githubRequest(config);
  const ask = rememberAnswers(request);
  const actions = `/repos/${config.repository}/actions`;
  const workflow = `${actions}/workflows/${encodeURIComponent(config.workflow)}`;
  const runPath = (runId: string) => `${actions}/runs/${encodeURIComponent(runId)}`;
  const readToken = () => readOwnSecret(SERVICE, TOKEN, config.token);
  const asPlatform = <Result>(call: () => Promise<Result>): Promise<Result> =>
    call().catch((error: unknown) => {
      throw refusedPlatform(error, config) ?? error;
    });

  return {
    start: ({ deploymentId, attempt, ticket, callbackUrl, cacheScope }) =>
      asPlatform(async () => {
        const answer = await request({
          token: await readToken(),
          method: 'POST',
          path: `${workflow}/dispatches`,
          body: {
            ref: config.ref,
            return_run_details: true,
            inputs: {
              deployment_id: deploymentId,
              attempt: String(attempt),
              ticket,
              callback_url: callbackUrl,
              cache_scope: cacheScope,
            },
          },
        });
        return { runId: String(readGithubJson(startedSchema, answer).workflow_run_id) };
      }),
    findRun: ({ deploymentId, attempt }) =>
      asPlatform(async () => {
        const token = await readToken();
        const title = `${deploymentId} attempt ${attempt}`;
        for (let page = 1; page <= PAGES; page++) {
          const query = `event=workflow_dispatch&per_page=${PAGE_SIZE}&page=${page}`;
          const answer = await request({ token, path: `${workflow}/runs?${query}` });
          const { workflow_runs: runs } = readGithubJson(runsSchema, answer);
          const found = runs.find((run) => run.display_title === title);
          if (found) return toRun(found);
          if (runs.length < PAGE_SIZE) return undefined;
        }
        return undefined;
      }),
    getRun: (runId) =>
      asPlatform(async () => {
        const answer = await ask({ token: await readToken(), path: runPath(runId), expect: [404] });
        return answer.status === 404 ? undefined : toRun(readGithubJson(runSchema, answer));
      }),
    cancel: (runId) =>
      asPlatform(async () => {
        // 409: it has ended.
        const expect = [404, 409];
        await request({ token: await readToken(), method: 'POST', path: `${runPath(runId)}/cancel`, expect });
      }),
  };
}

/** Every call is made with the platform's token, in the platform's repository: a refusal concerns nobody's deployment. */
function refusedPlatform(error: unknown, { repository, workflow, ref }: ActionsBuildRunnerConfig) {
  if (!(error instanceof AppError)) return undefined;
  const at = `${error.details?.status ?? 'unknown answer'} at ${repository}`;
  switch (error.code) {
    case 'code_host_unauthorized': {
      const remedy = `The token ${TOKEN} must be valid and allowed to read and write Actions of ${repository}: store another with a release.`;
      return platformRefused(SERVICE, at, remedy, error);
    }
    case 'repository_not_found': {
      const remedy = `${repository} must have the workflow ${workflow}, and the token ${TOKEN} must be allowed to see it.`;
      return platformRefused(SERVICE, `404 at ${repository}`, remedy, error);
    }
    case 'vendor_rejected': {
      const remedy = `The workflow ${workflow} on the branch ${ref} of ${repository} must be the one of this release.`;
      return platformRefused(SERVICE, at, remedy, error);
    }
    default:
      return undefined;
  }
}

function toRun({ id, status, conclusion, html_url: url }: z.output<typeof runSchema>): BuildRun {
  return { runId: String(id), state: toState(status, conclusion), conclusion: conclusion ?? undefined, url };
}

function toState(status: string | null, conclusion: string | null): BuildRunState {
  if (status === 'in_progress') return 'running';
  if (status !== 'completed') return 'queued';
  if (conclusion === 'success') return 'succeeded';
  return conclusion === 'cancelled' ? 'cancelled' : 'failed';
}
