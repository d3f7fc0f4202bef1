import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { GithubRepository } from './github-repositories.ts';
import type { GithubState } from './github-state.ts';
import type { WorkflowResult, WorkflowRunner } from './workflow-definition.ts';

export interface RunRecord {
  readonly id: number;
  readonly repositoryId: number;
  readonly workflow: string;
  readonly runNumber: number;
  readonly title: string;
  readonly ref: string;
  readonly actor: string;
  readonly status: 'queued' | 'in_progress' | 'completed';
  /** Set when it is completed. */
  readonly conclusion: WorkflowResult['conclusion'] | undefined;
  readonly createdAt: number;
  readonly startedAt: number | undefined;
  readonly updatedAt: number;
}

export interface NewRun {
  readonly workflow: string;
  readonly title: string;
  readonly ref: string;
  readonly actor: string;
  readonly inputs: Readonly<Record<string, string>>;
}

export interface WorkflowRuns {
  /** Queues a run and starts it as soon as there is room. */
  create(repository: GithubRepository, run: NewRun): RunRecord;
  find(repositoryId: number, id: number): RunRecord | undefined;
  /** Newest first; of one workflow file when it is named. */
  list(repositoryId: number, workflow?: string): RunRecord[];
  /** False when the run is already over. */
  cancel(run: RunRecord): boolean;
  /** Marks runs that the last process left in progress as cancelled, and removes their folders. */
  recover(): Promise<void>;
  /** Starts what the last process left queued. */
  resume(): void;
  /** Cancels running runs and waits for them. Queued ones stay queued. */
  close(): Promise<void>;
}

interface Dependencies {
  readonly state: GithubState;
  readonly stateDirectory: string;
  readonly runnerOf: (repositoryId: number, workflow: string) => WorkflowRunner | undefined;
  readonly parallel: number;
  readonly log: (message: string) => void;
  readonly now: () => number;
}

/** The queue of workflow runs, durable: what was accepted is run, or recorded as cancelled, exactly once. */
export function createWorkflowRuns(deps: Dependencies): WorkflowRuns {
  const { state, stateDirectory, runnerOf, parallel, log, now } = deps;
  const { database } = state;
  const active = new Map<number, { abort: AbortController; done: Promise<void> }>();
  const logs = path.join(stateDirectory, 'run-logs');
  mkdirSync(logs, { recursive: true });
  let closing = false;

  // The conclusion is recorded before the folder is removed, and the status changes afterwards: whoever sees `completed` finds
  // no folder, and a kill in between does not turn a success into something else.
  const complete = async (id: number, conclusion: WorkflowResult['conclusion'], directory: string | undefined) => {
    database.prepare('update workflow_run set conclusion = ? where id = ?').run(conclusion, id);
    // The run is over all the same.
    const complain = (error: unknown) => log(`what workflow run ${id} left could not be removed: ${String(error)}`);
    if (directory) await rm(directory, { recursive: true, force: true }).catch(complain);
    database
      .prepare(
        `update workflow_run set status = 'completed', inputs = null, directory = null, updated_at = ? where id = ?`,
      )
      .run(now(), id);
  };

  const run = async (row: Record<string, unknown>, abort: AbortController) => {
    const id = Number(row.id);
    const directory = path.join(tmpdir(), `miaobu-run-${randomUUID()}`);
    database
      .prepare(
        `update workflow_run set status = 'in_progress', directory = ?, started_at = ?, updated_at = ? where id = ?`,
      )
      .run(directory, now(), now(), id);
    let conclusion: WorkflowResult['conclusion'] = 'failure';
    try {
      // Nobody else can list it; the account that runs a site's commands has to pass through.
      mkdirSync(directory, { mode: 0o711 });
      const runner = runnerOf(Number(row.repository_id), String(row.workflow));
      if (!runner) throw new Error(`there is no workflow ${String(row.workflow)} any more`);
      const inputs = JSON.parse(String(row.inputs)) as Record<string, string>;
      const logFile = path.join(logs, `${id}.log`);
      const result = await runner({ id, inputs, signal: abort.signal, directory, logFile });
      conclusion = result.conclusion;
    } catch (error) {
      log(`workflow run ${id} could not be run: ${String(error)}`);
    }
    await complete(id, conclusion, directory);
  };

  const pump = () => {
    while (!closing && active.size < parallel) {
      const row = database.prepare(`select * from workflow_run where status = 'queued' order by id limit 1`).get();
      if (!row) return;
      const id = Number(row.id);
      const abort = new AbortController();
      const done = run(row, abort)
        .catch((error: unknown) => log(`workflow run ${id}: ${String(error)}`))
        .finally(() => {
          active.delete(id);
          pump();
        });
      active.set(id, { abort, done });
    }
  };

  const find = (repositoryId: number, id: number) => {
    const row = database.prepare('select * from workflow_run where repository_id = ? and id = ?').get(repositoryId, id);
    return row && fromRow(row);
  };

  return {
    find,
    create(repository, { workflow, title, ref, actor, inputs }) {
      const row = database
        .prepare(
          `insert into workflow_run (repository_id, workflow, run_number, display_title, ref, actor, inputs, status,
             created_at, updated_at)
           select ?1, ?2, 1 + count(*), ?3, ?4, ?5, ?6, 'queued', ?7, ?7
           from workflow_run where repository_id = ?1 and workflow = ?2 returning *`,
        )
        .get(repository.id, workflow, title, ref, actor, JSON.stringify(inputs), now());
      const created = fromRow(row ?? {});
      pump();
      return created;
    },
    list: (repositoryId, workflow) =>
      database
        .prepare(
          'select * from workflow_run where repository_id = ?1 and (?2 is null or workflow = ?2) order by id desc',
        )
        .all(repositoryId, workflow ?? null)
        .map(fromRow),
    cancel({ repositoryId, id }) {
      const current = find(repositoryId, id);
      if (!current || current.status === 'completed') return false;
      const running = active.get(id);
      if (running) {
        running.abort.abort();
      } else {
        database
          .prepare(
            `update workflow_run set status = 'completed', conclusion = 'cancelled', inputs = null, updated_at = ?
             where id = ? and status = 'queued'`,
          )
          .run(now(), id);
      }
      return true;
    },
    async recover() {
      for (const row of database.prepare(`select * from workflow_run where status = 'in_progress'`).all()) {
        const { id, conclusion } = fromRow(row);
        await complete(id, conclusion ?? 'cancelled', row.directory === null ? undefined : String(row.directory));
      }
    },
    resume: pump,
    async close() {
      closing = true;
      const running = [...active.values()];
      for (const { abort } of running) abort.abort();
      await Promise.all(running.map(({ done }) => done));
    },
  };
}

function fromRow(row: Record<string, unknown>): RunRecord {
  return {
    id: Number(row.id),
    repositoryId: Number(row.repository_id),
    workflow: String(row.workflow),
    runNumber: Number(row.run_number),
    title: String(row.display_title),
    ref: String(row.ref),
    actor: String(row.actor),
    status: row.status as RunRecord['status'],
    conclusion: row.conclusion === null ? undefined : (row.conclusion as RunRecord['conclusion']),
    createdAt: Number(row.created_at),
    startedAt: row.started_at === null ? undefined : Number(row.started_at),
    updatedAt: Number(row.updated_at),
  };
}
