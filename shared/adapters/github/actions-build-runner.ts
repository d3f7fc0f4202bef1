import * as z from 'zod';
import { AppError } from '../../kernel/app-error.ts';
import type { BuildRun, BuildRunner, BuildRunState } from '../../ports/build-runner.ts';
import { type GithubRequestConfig, githubRequest, readGithubJson } from './github-request.ts';
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

/** `BuildRunner` on GitHub Actions, by `workflow_dispatch`. */
export function actionsBuildRunner(config: ActionsBuildRunnerConfig): BuildRunner {
  const request = githubRequest(config);
  const ask = rememberAnswers(request);
  const actions = `/repos/${config.repository}/actions`;
  const workflow = `${actions}/workflows/${encodeURIComponent(config.workflow)}`;
  const runPath = (runId: string) => `${actions}/runs/${encodeURIComponent(runId)}`;

  const missingWorkflow = () =>
    new AppError('vendor_rejected', { message: `${config.repository} has no workflow ${config.workflow}` });

  return {
    async start({ deploymentId, attempt, ticket, callbackUrl, cacheScope }) {
      const answer = await request({
        token: await config.token(),
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
        expect: [404],
      });
      if (answer.status === 404) throw missingWorkflow();
      return { runId: String(readGithubJson(startedSchema, answer).workflow_run_id) };
    },
    async findRun({ deploymentId, attempt }) {
      const token = await config.token();
      const title = `${deploymentId} attempt ${attempt}`;
      for (let page = 1; page <= PAGES; page++) {
        const query = `event=workflow_dispatch&per_page=${PAGE_SIZE}&page=${page}`;
        const answer = await request({ token, path: `${workflow}/runs?${query}`, expect: [404] });
        if (answer.status === 404) throw missingWorkflow();
        const { workflow_runs: runs } = readGithubJson(runsSchema, answer);
        const found = runs.find((run) => run.display_title === title);
        if (found) return toRun(found);
        if (runs.length < PAGE_SIZE) return undefined;
      }
      return undefined;
    },
    async getRun(runId) {
      const answer = await ask({ token: await config.token(), path: runPath(runId), expect: [404] });
      return answer.status === 404 ? undefined : toRun(readGithubJson(runSchema, answer));
    },
    async cancel(runId) {
      // 409: it has ended.
      const expect = [404, 409];
      await request({ token: await config.token(), method: 'POST', path: `${runPath(runId)}/cancel`, expect });
    },
  };
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
