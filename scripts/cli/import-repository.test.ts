import { afterEach, expect, test, vi } from 'vitest';
import { type Answers, type ContractServer, startContractServer } from './testing/contract-server.ts';
import { deployedDeployment, exampleDeployment, exampleProject } from './testing/example-answers.ts';
import { type Ended, runMiaobu } from './testing/run-miaobu.ts';

// Every test starts the program and waits for what it waits for.
vi.setConfig({ testTimeout: 30_000 });

let server: ContractServer | undefined;
afterEach(() => server?.close());

/** Runs the program against a server that answers like this. */
async function miaobu(answers: Answers, ...args: string[]): Promise<Ended> {
  server = await startContractServer(answers);
  return runMiaobu(args, { MIAOBU_API_URL: `http://127.0.0.1:${server.port}`, MIAOBU_TOKEN: 'secret' });
}

const created = { data: { ...exampleProject(), deployment: exampleDeployment() } };
const at = '2026-01-02T03:04:06.000Z';
const entry = (text: string, attempt = 1) => ({ at, attempt, text });

/** One answer after another, the last one for ever. */
function inTurn<Item>(items: readonly [Item, ...Item[]]): () => Item {
  let next = 0;
  return () => items[Math.min(next++, items.length - 1)] ?? items[0];
}

/** A deployment that gets one step further each time that somebody looks. */
const deploying = (): Answers => {
  const building = exampleDeployment({ status: 'building' });
  const status = inTurn([building, building, deployedDeployment()]);
  let seen = exampleDeployment();
  return {
    createProject: () => created,
    getDeployment: () => {
      seen = status();
      return { data: seen };
    },
    readDeploymentLogs: ({ query }) => {
      if (query.cursor === undefined) return { data: [entry('Taking the fi')], next: 'first' };
      if (query.cursor === 'first' && seen.status === 'building') return { data: [], next: 'first' };
      if (query.cursor === 'first') return { data: [entry('les as they are\nno end of line')], next: null };
      throw new Error(`nobody gave the cursor ${query.cursor}`);
    },
  };
};

test('import follows the first deployment: each status once, each line of the log once, then the address', async () => {
  expect(await miaobu(deploying(), 'import', 'demo/site')).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: [
      'Imported demo/site as site.',
      '● building',
      '  │ Taking the files as they are',
      '  │ no end of line',
      '● deployed  in 3.5 s',
      '',
      'Live at http://site.sites.localhost:7080',
      'Every push to main goes there.',
      '',
    ].join('\n'),
  });
});

test('import --json prints one document: the project, with the deployment as it ended', async () => {
  const { exitCode, stdout, stderr } = await miaobu(deploying(), 'import', 'demo/site', '--json');
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual({ ...exampleProject(), deployment: deployedDeployment() });
});

test('import --no-wait returns as soon as the deployment is queued', async () => {
  const { exitCode, stdout } = await miaobu({ createProject: () => created }, 'import', 'demo/site', '--no-wait');
  expect(exitCode).toBe(0);
  expect(stdout).toContain('http://site.sites.localhost:7080');
  expect(server?.asked).toEqual(['createProject POST /api/v1/projects']);
});

test('import sends what was named and leaves the rest to the platform; an empty command is a setting', async () => {
  let body: unknown;
  const answers: Answers = {
    createProject: (call) => {
      body = call.body;
      return created;
    },
  };
  const options = ['--name', '我的网站', '--branch=dev', '--slug', 'mine', '--root', 'web', '--install-command', ''];
  const { exitCode } = await miaobu(
    answers,
    ...['import', ...options, '--build-command', 'make site', '--output', 'out', '--no-wait', 'demo/site'],
  );
  expect(exitCode).toBe(0);
  expect(body).toEqual({
    repo: 'demo/site',
    name: '我的网站',
    branch: 'dev',
    slug: 'mine',
    root_directory: 'web',
    install_command: '',
    build_command: 'make site',
    output_directory: 'out',
  });
});

test('a deployment that fails ends the program with 1, and says why', async () => {
  const failed = exampleDeployment({
    status: 'failed',
    reason: 'build_failed',
    reason_message: 'The build command ended with exit code 3.',
  });
  const answers: Answers = {
    createProject: () => created,
    getDeployment: () => ({ data: failed }),
    readDeploymentLogs: () => ({ data: [entry('make: *** [site] Error 3\n')], next: null }),
  };
  const { exitCode, stdout } = await miaobu(answers, 'import', 'demo/site');
  expect(exitCode).toBe(1);
  expect(stdout).toContain(
    '  │ make: *** [site] Error 3\n● failed    The build command ended with exit code 3. (build_failed)\n',
  );
  expect(stdout).not.toContain('Live at');
});

test('a platform that is away for a moment while a deployment is followed is waited for', async () => {
  const answers = deploying();
  const refused = { status: 503, code: 'log_store_unavailable', message: 'The log store does not answer; try again.' };
  let refusals = 1;
  const { exitCode, stdout } = await miaobu(
    {
      ...answers,
      createProject: () => {
        server?.breakConnections(1);
        return created;
      },
      readDeploymentLogs: (call) =>
        refusals-- > 0 ? { refused } : (answers.readDeploymentLogs?.(call) ?? { data: [] }),
    },
    'import',
    'demo/site',
  );
  expect(exitCode).toBe(0);
  expect(stdout.match(/Taking the files as they are/g)).toHaveLength(1);
});

test('an import that is refused is not tried again, and says what to do', async () => {
  const { exitCode, stdout, stderr } = await miaobu(
    {
      createProject: () => ({
        refused: {
          status: 422,
          code: 'invalid_request',
          message: 'The request is not valid; see details for each field.',
          details: { fields: [{ path: 'body.slug', problem: 'is reserved' }] },
        },
      }),
    },
    ...['import', 'demo/site', '--slug', 'admin'],
  );
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr).toBe(
    'The request is not valid; see details for each field.\n  slug is reserved\n(invalid_request, request req_test)\n',
  );
  expect(server?.asked).toHaveLength(1);
});
