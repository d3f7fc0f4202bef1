import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildInputs } from '@miaobu/shared/contracts/build-job';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';

const text = readFileSync(new URL('../../.github/workflows/build.yml', import.meta.url), 'utf8');

const step = z.strictObject({
  id: z.string().optional(),
  name: z.string().optional(),
  if: z.string().optional(),
  'continue-on-error': z.boolean().optional(),
  'timeout-minutes': z.number().optional(),
  uses: z.string().optional(),
  with: z.record(z.string(), z.unknown()).optional(),
  env: z.record(z.string(), z.string()).optional(),
  run: z.string().optional(),
});
const input = z.strictObject({ description: z.string(), type: z.string(), required: z.boolean() });
// Strict: a key not listed here (a secret in an `env`, a second trigger, …) fails.
const workflow = z
  .strictObject({
    name: z.string(),
    'run-name': z.string(),
    on: z.strictObject({ workflow_dispatch: z.strictObject({ inputs: z.record(z.string(), input) }) }),
    permissions: z.record(z.string(), z.string()),
    defaults: z.strictObject({ run: z.strictObject({ shell: z.string() }) }),
    jobs: z.strictObject({
      build: z.strictObject({
        'runs-on': z.string(),
        'timeout-minutes': z.number(),
        steps: z.array(step),
      }),
    }),
  })
  .parse(parse(text));
const { steps } = workflow.jobs.build;
const expression = (code: string) => ['$', '{{ ', code, ' }}'].join('');

describe('the build workflow', () => {
  test('is started with exactly the inputs of the build contract, and requires those that have no default', () => {
    const { inputs } = workflow.on.workflow_dispatch;
    expect(Object.keys(inputs)).toEqual(Object.keys(buildInputs.shape));
    for (const [name, { type, required }] of Object.entries(inputs)) {
      expect({ name, type, required }).toEqual({ name, type: 'string', required: name !== 'cache_scope' });
    }
    expect(buildInputs.shape.cache_scope.parse(undefined)).toBe('');
  });

  test('names its runs so that the platform can find them', () => {
    expect(workflow['run-name']).toBe(`${expression('inputs.deployment_id')} attempt ${expression('inputs.attempt')}`);
  });

  test('may read the code and nothing else, and leaves no credential behind', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' });
    const checkout = steps.find(({ uses }) => uses?.startsWith('actions/checkout@'));
    expect(checkout?.with).toEqual({ 'persist-credentials': false });
    expect(text).not.toMatch(/\bsecrets\b|github\.token|GITHUB_TOKEN/);
  });

  test('gives the inputs to one step only, and the scope of the cache to those of the cache', () => {
    expect(steps.flatMap(({ env }) => (env ? [env] : []))).toEqual([{ INPUTS: expression('toJSON(inputs)') }]);
    const told = steps.filter((it) => /\binputs\b/.test(JSON.stringify(it.with ?? {})));
    const others = told.filter(({ uses }) => !uses?.startsWith('actions/cache/'));
    expect([told.length, others]).toEqual([2, []]);
    expect(JSON.stringify(told)).not.toMatch(/inputs\.(?!cache_scope\b)/);
  });

  test('reads and writes the cache only within the same scope, and cannot fail or hang because of it', () => {
    const [restore, save] = steps.filter(({ uses }) => uses?.startsWith('actions/cache/'));
    const path = `${expression('runner.temp')}/package-cache`;
    const prefix = `packages-${expression('inputs.cache_scope')}-`;
    const careful = { 'continue-on-error': true, 'timeout-minutes': 3 };
    expect(restore).toMatchObject({
      ...careful,
      if: "inputs.cache_scope != ''",
      with: { path, 'restore-keys': prefix },
    });
    const key = prefix + expression('steps.build.outputs.cache-key');
    expect(save).toMatchObject({ ...careful, with: { path, key } });
    // After a failed build too, and only when the builder has something to cache.
    expect(save?.if).toBe("always() && steps.build.outputs.cache-key != ''");
    expect(steps.find(({ id }) => id === 'build')?.name).toBe('Build and publish the site');
  });

  test('ends a run that hangs', () => {
    expect(workflow.jobs.build['timeout-minutes']).toBe(30);
  });
});

describe('the scripts of the build workflow', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'miaobu-workflow-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const inputs = {
    deployment_id: 'dep_01k0000000e0080000000000000',
    attempt: '2',
    ticket: `ticket'"$(false)\`false\` ${'x'.repeat(20)}`,
    callback_url: 'https://api.example.com',
    cache_scope: 'env_01k0000000e0080000000000000',
  };

  const runStep = async (name: string, env: Record<string, string>) => {
    const script = steps.find((it) => it.name === name)?.run ?? '';
    // As a runner starts `shell: bash`.
    const args = ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script];
    const { stdout } = await promisify(execFile)('bash', args, {
      env: { PATH: `${folder}:${path.dirname(process.execPath)}:/usr/bin:/bin`, RUNNER_TEMP: folder, ...env },
    });
    return stdout;
  };

  test('pass the inputs to the builder as one line on its standard input, and nowhere else', async () => {
    // Instead of sudo: the same program, without becoming root.
    writeFileSync(path.join(folder, 'sudo'), '#!/bin/sh\nshift\nexec "$@"\n', { mode: 0o755 });
    writeFileSync(
      path.join(folder, 'miaobu-builder.cjs'),
      `let input = '';
      process.stdin.on('data', (chunk) => (input += chunk)).on('end', () =>
        console.log(JSON.stringify({ input, argv: process.argv.slice(2), env: process.env })));`,
    );
    const printed = await runStep('Build and publish the site', {
      INPUTS: JSON.stringify(inputs, null, 2),
      GITHUB_RUN_ID: '123',
      GITHUB_OUTPUT: `${folder}/output`,
      RUNNER_TOOL_CACHE: '/opt/hostedtoolcache',
      GITHUB_TOKEN: 'not for the builder',
    });
    const { input, argv, env } = JSON.parse(printed);
    expect(input).toBe(`${JSON.stringify(inputs)}\n`);
    expect(argv).toEqual([]);
    expect(env).toMatchObject({ LANG: 'C.UTF-8', GITHUB_RUN_ID: '123', MIAOBU_CACHE: `${folder}/package-cache` });
    expect(env).not.toHaveProperty('INPUTS');
    expect(env).not.toHaveProperty('GITHUB_TOKEN');
  });

  test('fail when the inputs are not JSON', async () => {
    writeFileSync(path.join(folder, 'sudo'), '#!/bin/sh\nexec cat\n', { mode: 0o755 });
    await expect(runStep('Build and publish the site', { INPUTS: '{', GITHUB_RUN_ID: '1' })).rejects.toThrow();
  });

  test('hide the ticket', async () => {
    const event = path.join(folder, 'event.json');
    writeFileSync(event, JSON.stringify({ inputs, ref: 'refs/heads/main' }));
    const printed = await runStep('Keep the ticket out of the log', { GITHUB_EVENT_PATH: event });
    expect(printed).toBe(`::add-mask::${inputs.ticket}\n`);
  });
});
