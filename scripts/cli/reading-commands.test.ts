import { afterEach, describe, expect, test } from 'vitest';
import { localTime } from './deployment-words.ts';
import { type Answers, type ContractServer, startContractServer } from './testing/contract-server.ts';
import { deployedDeployment, exampleDeployment, exampleProject } from './testing/example-answers.ts';
import { runHere } from './testing/run-miaobu.ts';

let server: ContractServer | undefined;
afterEach(() => server?.close());

async function miaobu(answers: Answers, ...args: string[]) {
  server = await startContractServer(answers);
  return runHere(args, { MIAOBU_API_URL: `http://127.0.0.1:${server.port}`, MIAOBU_TOKEN: 'secret' });
}

const at = '2026-01-02T03:04:06.000Z';
const entry = (text: string, attempt = 1) => ({ at, attempt, text });
const newest = deployedDeployment({ id: 'dep_01k0000000e0080000000000001' });
const live = deployedDeployment();

describe('list', () => {
  const projects = [
    exampleProject(),
    exampleProject({
      slug: 'a-longer-name',
      branch: '主干',
      current_deployment_id: live.id,
      url: 'http://b.localhost',
    }),
  ];
  /** A page a project. */
  const pages: Answers = {
    listProjects: ({ query }) => {
      const index = Number(query.cursor ?? 0);
      return { data: projects.slice(index, index + 1), next: index + 1 < projects.length ? String(index + 1) : null };
    },
  };

  test('shows every page in aligned columns, Chinese characters counted as two', async () => {
    expect((await miaobu(pages, 'list')).stdout.split('\n')).toEqual([
      'PROJECT        REPOSITORY  BRANCH  LIVE  URL',
      'site           demo/site   main    no    http://site.sites.localhost:7080',
      'a-longer-name  demo/site   主干    yes   http://b.localhost',
      '',
    ]);
  });

  test('prints what the API said as JSON', async () => {
    expect(JSON.parse((await miaobu(pages, 'list', '--json')).stdout)).toEqual(projects);
  });

  test('says how to begin when there is nothing', async () => {
    expect((await miaobu({ listProjects: () => ({ data: [] }) }, 'list')).stdout).toContain('import <owner/name>');
  });
});

describe('deployments', () => {
  const many: Answers = {
    listDeployments: ({ query }) => ({
      data: Array.from({ length: query.limit }, () => newest),
      next: 'more',
    }),
  };

  test('shows the newest, with the first line of what was committed', async () => {
    const answers: Answers = {
      listDeployments: ({ params }) => ({
        data: [
          exampleDeployment({ commit_message: `${params.project}: say hello\n\nand why` }),
          deployedDeployment({ commit_message: 'long '.repeat(30) }),
        ],
      }),
    };
    const created = localTime('2026-01-02T03:04:05.000Z');
    expect(created).toMatch(/^2026-01-0[123] \d\d:\d\d$/);
    expect((await miaobu(answers, 'deployments', 'site')).stdout.split('\n')).toEqual([
      'DEPLOYMENT                       STATUS          ENVIRONMENT  BRANCH  COMMIT   CREATED           MESSAGE',
      `dep_01k0000000e0080000000000000  queued          production   main    0123456  ${created}  site: say hello`,
      `dep_01k0000000e0080000000000000  deployed, live  production   main    0123456  ${created}  ${'long '.repeat(9)}long…`,
      '',
    ]);
  });

  test('reads as many pages as --limit needs, and twenty deployments without it', async () => {
    expect(JSON.parse((await miaobu(many, 'deployments', 'site', '--limit', '150', '--json')).stdout)).toHaveLength(
      150,
    );
    expect(server?.asked).toHaveLength(2);
    await server?.close();
    expect(JSON.parse((await miaobu(many, 'deployments', 'site', '--json')).stdout)).toHaveLength(20);
  });

  test('says that a project does not exist', async () => {
    const refused = { status: 404, code: 'not_found', message: 'There is no such thing here.' };
    const { exitCode, stderr } = await miaobu({ listDeployments: () => ({ refused }) }, 'deployments', 'no-site');
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: 'There is no such thing here.\n(not_found, request req_test)\n',
    });
  });
});

describe('status', () => {
  const answers: Answers = {
    getProject: () => ({ data: exampleProject({ current_deployment_id: live.id }) }),
    listDeployments: () => ({
      data: [
        exampleDeployment({ id: newest.id, status: 'failed', reason: 'build_failed', reason_message: 'No luck.' }),
      ],
      next: 'more',
    }),
    getDeployment: ({ params }) => ({ data: { ...live, id: params.deployment } }),
  };

  test('tells what is live apart from what came after it', async () => {
    const { exitCode, stdout } = await miaobu(answers, 'status', 'site');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Live +deployed in 3\.5 s$/m);
    expect(stdout).toMatch(/^Newest +failed No luck\. \(build_failed\)$/m);
  });

  test('prints all three as JSON', async () => {
    const printed = JSON.parse((await miaobu(answers, 'status', 'site', '--json')).stdout);
    expect(printed).toMatchObject({ project: { slug: 'site' }, live: { id: live.id }, latest: { id: newest.id } });
  });

  test('knows a project that has nothing yet', async () => {
    const { stdout } = await miaobu(
      { getProject: () => ({ data: exampleProject() }), listDeployments: () => ({ data: [] }) },
      ...['status', 'site', '--json'],
    );
    expect(JSON.parse(stdout)).toMatchObject({ live: null, latest: null });
  });
});

describe('logs', () => {
  const newestFirst: Answers['listDeployments'] = () => ({ data: [newest], next: 'more' });
  const pages: Answers['readDeploymentLogs'] = ({ query }) =>
    query.cursor === undefined
      ? { data: [entry('one\ntw'), entry('o')], next: 'second' }
      : { data: [entry('three\n', 2)], next: null };

  test('prints the whole log of the newest deployment, attempts apart', async () => {
    const answers: Answers = { listDeployments: newestFirst, readDeploymentLogs: pages };
    expect(await miaobu(answers, 'logs', 'site')).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: 'one\ntwo\n── attempt 2 ──\nthree\n',
    });
    expect(server?.asked[1]).toContain(`/deployments/${newest.id}/logs`);
  });

  test('prints the entries of a deployment that was named as JSON', async () => {
    const { stdout } = await miaobu({ readDeploymentLogs: pages }, 'logs', 'site', live.id, '--json');
    expect(JSON.parse(stdout)).toEqual([entry('one\ntw'), entry('o'), entry('three\n', 2)]);
    expect(server?.asked[0]).toContain(`/deployments/${live.id}/logs`);
  });

  test('-f goes on until the deployment ends, and ends as it did', async () => {
    const failed = exampleDeployment({ status: 'failed', reason: 'build_failed' });
    const answers: Answers = { getDeployment: () => ({ data: failed }), readDeploymentLogs: pages };
    const { exitCode, stdout } = await miaobu(answers, 'logs', 'site', live.id, '-f', '--json');
    expect(exitCode).toBe(1);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toHaveLength(3);
  });

  test('shows nothing that could take over the terminal', async () => {
    const hostile = '\u001b]52;c;aGk=\u0007\u001b[2J\u001b[31mred\u001b[0m 10%\r100%\n';
    const answers: Answers = { readDeploymentLogs: () => ({ data: [entry(hostile)] }) };
    expect((await miaobu(answers, 'logs', 'site', live.id)).stdout).toBe('100%\n');
  });

  test('says that there is nothing to show', async () => {
    const { exitCode, stderr } = await miaobu({ listDeployments: () => ({ data: [] }) }, 'logs', 'site');
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: 'site has no deployments yet.\n' });
  });
});

test('whoami tells the user and the address', async () => {
  const user = { id: 'usr_01k0000000e0080000000000000', github_login: 'demo', created_at: at };
  const { stdout } = await miaobu({ getUser: () => ({ data: user }) }, 'whoami');
  expect(stdout).toBe(`demo (${user.id}) at http://127.0.0.1:${server?.port}\n`);
  expect(server?.tokens).toEqual(new Set(['secret']));
});
