import { actionsBuildRunner } from '@miaobu/shared/adapters/github/actions-build-runner';
import { githubCodeHost } from '@miaobu/shared/adapters/github/github-code-host';
import type { BuildRunner } from '@miaobu/shared/ports/build-runner';
import type { CodeHost } from '@miaobu/shared/ports/code-host';
import { afterAll, afterEach, beforeAll } from 'vitest';
import {
  type Checkout,
  createCheckout,
  platform,
  type RunningGithub,
  startGithub,
} from '../../local/github/start-github-for-tests.ts';
import type { WorkflowResult, WorkflowRun } from '../../local/github/workflow-definition.ts';
import { createFaults, type Faults } from '../../local/wire/faults.ts';

const definition = `
name: Build
run-name: \${{ inputs.deployment_id }} attempt \${{ inputs.attempt }}
on:
  workflow_dispatch:
    inputs:
      deployment_id: { required: true }
      attempt: { required: true }
      ticket: { required: true }
      callback_url: { required: true }
      cache_scope: { required: false }
`;

/** GitHub as the platform sees it: the emulator behind a fault injector, called by the real adapters. */
export interface GithubUnderTest {
  readonly github: RunningGithub;
  readonly codeHost: CodeHost;
  readonly buildRunner: BuildRunner;
  /** With another token than the platform's, or another workflow. */
  buildRunnerWith(config: { readonly token?: string; readonly workflow?: string }): BuildRunner;
  /** Service `github`. */
  readonly faults: Faults;
  /** Every started run; each continues until told how to end. */
  readonly runs: { readonly run: WorkflowRun; end(result: WorkflowResult): void }[];
  /** A working copy of `you/site`. */
  readonly checkout: Checkout;
  close(): Promise<void>;
}

export async function startGithubUnderTest(): Promise<GithubUnderTest> {
  const faults = createFaults();
  const runs: GithubUnderTest['runs'] = [];
  const runner = (run: WorkflowRun) =>
    new Promise<WorkflowResult>((end) => {
      runs.push({ run, end });
      run.signal.addEventListener('abort', () => end({ conclusion: 'cancelled', exitCode: null }));
    });
  const github = await startGithub({
    workflows: { 'miaobu/platform': { 'build.yml': { definition, runner } } },
    parallelRuns: 100,
    through: (emulator) => faults.wrap('github', emulator),
  });
  const checkout = await createCheckout(github.remote('you/site'));
  const apiUrl = `${github.base}/api/v3`;
  const buildRunnerWith: GithubUnderTest['buildRunnerWith'] = ({ token = platform.token, workflow = 'build.yml' }) =>
    actionsBuildRunner({ apiUrl, token: async () => token, repository: 'miaobu/platform', workflow, ref: 'main' });
  return {
    github,
    codeHost: githubCodeHost({ apiUrl }),
    buildRunner: buildRunnerWith({}),
    buildRunnerWith,
    faults,
    runs,
    checkout,
    async close() {
      for (const { end } of runs) end({ conclusion: 'success', exitCode: 0 });
      await github.close();
      await checkout.remove();
    },
  };
}

/** GitHub for every test of a file; its faults end with each test. Call it at the top level of the file. */
export function eachTestHasGithub(): Omit<GithubUnderTest, 'close'> {
  let started: GithubUnderTest | undefined;
  const current = (): GithubUnderTest => {
    if (!started) throw new Error('no test is running');
    return started;
  };
  beforeAll(async () => {
    started = await startGithubUnderTest();
  });
  afterEach(() => current().faults.clear());
  afterAll(() => started?.close());
  return {
    get github() {
      return current().github;
    },
    get codeHost() {
      return current().codeHost;
    },
    get buildRunner() {
      return current().buildRunner;
    },
    buildRunnerWith: (config) => current().buildRunnerWith(config),
    get faults() {
      return current().faults;
    },
    get runs() {
      return current().runs;
    },
    get checkout() {
      return current().checkout;
    },
  };
}
