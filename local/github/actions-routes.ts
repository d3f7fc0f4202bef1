import * as z from 'zod';
import { type Answer, type Call, GithubError, notFound, pageLinks, readPage } from './github-answer.ts';
import { type GithubRepository, resolveCommit } from './github-repositories.ts';
import type { GithubRoute } from './github-rest-api.ts';
import { type GithubUsers, userJson } from './github-users.ts';
import { restTime } from './repository-json.ts';
import { type RepositoryRouteDependencies, repositoryOf } from './repository-routes.ts';
import type { WorkflowDefinition } from './workflow-definition.ts';
import type { RunRecord, WorkflowRuns } from './workflow-runs.ts';

const INPUTS = 25;
const INPUT_CHARACTERS = 65_535;

const dispatchBody = z.object({
  ref: z.string().min(1),
  inputs: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)).default({}),
  return_run_details: z.boolean().default(false),
});

type Dependencies = RepositoryRouteDependencies & {
  readonly runs: WorkflowRuns;
  readonly definitionOf: (repositoryId: number, workflow: string) => WorkflowDefinition | undefined;
};

/** GitHub Actions: starting a workflow, and its runs. */
export function actionsRoutes({ repositories, users, urls, runs, definitionOf }: Dependencies): GithubRoute[] {
  const workflowOf = (call: Call) => {
    const repository = repositoryOf(call, repositories);
    const file = call.param('workflow');
    const definition = definitionOf(repository.id, file);
    if (!definition) throw notFound();
    return { repository, file, definition };
  };

  const runOf = (call: Call) => {
    const repository = repositoryOf(call, repositories);
    const run = runs.find(repository.id, Number(call.param('run')));
    if (!run) throw notFound();
    return { repository, run };
  };

  const show = (repository: GithubRepository, run: RunRecord) => {
    const name = definitionOf(repository.id, run.workflow)?.name ?? run.workflow;
    const address = `${urls().repository(repository)}/actions/runs/${run.id}`;
    return runJson(run, name, address, `${urls().page(repository)}/actions/runs/${run.id}`, users, urls().api);
  };

  const dispatch = async (call: Call): Promise<Answer> => {
    const { repository, file, definition } = workflowOf(call);
    const parsed = dispatchBody.safeParse(call.body);
    if (!parsed.success) throw new GithubError(422, 'Invalid request.', parsed.error.issues);
    const ref = parsed.data.ref.replace(/^refs\/(heads|tags)\//, '');
    const exists = ref === repository.defaultBranch || (await resolveCommit(repository.directory, ref));
    if (!exists) throw new GithubError(422, `No ref found for: ${ref}`);
    const run = runs.create(repository, {
      workflow: file,
      title: definition.title(readInputs(definition, parsed.data.inputs)),
      ref,
      actor: call.user.login,
      inputs: readInputs(definition, parsed.data.inputs),
    });
    if (!parsed.data.return_run_details) return { status: 204 };
    const { id, url, html_url } = show(repository, run);
    return { status: 200, json: { workflow_run_id: id, run_url: url, html_url } };
  };

  const list = (call: Call, repository: GithubRepository, workflow?: string): Answer => {
    const status = call.query.get('status');
    const event = call.query.get('event') ?? 'workflow_dispatch';
    const found = runs
      .list(repository.id, workflow)
      .filter(
        (run) => event === 'workflow_dispatch' && (!status || run.status === status || run.conclusion === status),
      );
    const page = readPage(call.query);
    const shown = found.slice((page.number - 1) * page.size, page.number * page.size);
    const folder = workflow === undefined ? 'runs' : `workflows/${workflow}/runs`;
    return {
      status: 200,
      json: { total_count: found.length, workflow_runs: shown.map((run) => show(repository, run)) },
      headers: pageLinks(`${urls().repository(repository)}/actions/${folder}`, call.query, page, found.length),
    };
  };

  return [
    { method: 'POST', path: '/repos/:owner/:repo/actions/workflows/:workflow/dispatches', answer: dispatch },
    {
      method: 'GET',
      path: '/repos/:owner/:repo/actions/workflows/:workflow/runs',
      answer(call) {
        const { repository, file } = workflowOf(call);
        return list(call, repository, file);
      },
    },
    {
      method: 'GET',
      path: '/repos/:owner/:repo/actions/runs',
      answer: (call) => list(call, repositoryOf(call, repositories)),
    },
    {
      method: 'GET',
      path: '/repos/:owner/:repo/actions/runs/:run',
      answer(call) {
        const { repository, run } = runOf(call);
        return { status: 200, json: show(repository, run) };
      },
    },
    {
      method: 'POST',
      path: '/repos/:owner/:repo/actions/runs/:run/cancel',
      answer(call) {
        if (runs.cancel(runOf(call).run)) return { status: 202, json: {} };
        throw new GithubError(409, 'Cannot cancel a workflow run that is completed.');
      },
    },
  ];
}

/** The inputs of a run with their defaults. Throws 422 for one that is unknown, missing or too much. */
function readInputs(definition: WorkflowDefinition, given: Readonly<Record<string, string>>): Record<string, string> {
  if (Object.keys(given).length > INPUTS) throw new GithubError(422, `you may only define up to ${INPUTS} \`inputs\``);
  if (JSON.stringify(given).length > INPUT_CHARACTERS) throw new GithubError(422, 'inputs are too large.');
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(definition.inputs, name));
  if (unknown.length > 0) throw new GithubError(422, `Unexpected inputs provided: ${JSON.stringify(unknown)}`);
  const values = Object.entries(definition.inputs).map(([name, declared]) => {
    const value = given[name] ?? declared.default;
    if (value === undefined && declared.required) throw new GithubError(422, `Required input '${name}' not provided`);
    return [name, value ?? ''];
  });
  return Object.fromEntries(values);
}

function runJson(run: RunRecord, name: string, url: string, page: string, users: GithubUsers, apiUrl: string) {
  const actor = users.withLogin(run.actor);
  return {
    id: run.id,
    name,
    display_title: run.title,
    path: `.github/workflows/${run.workflow}`,
    run_number: run.runNumber,
    run_attempt: 1,
    event: 'workflow_dispatch',
    head_branch: run.ref,
    status: run.status,
    conclusion: run.status === 'completed' ? (run.conclusion ?? null) : null,
    url,
    html_url: page,
    cancel_url: `${url}/cancel`,
    actor: actor ? userJson(actor, apiUrl) : null,
    created_at: restTime(run.createdAt),
    run_started_at: restTime(run.startedAt ?? run.createdAt),
    updated_at: restTime(run.updatedAt),
  };
}
