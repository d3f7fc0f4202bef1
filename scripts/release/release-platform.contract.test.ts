import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ReleaseResult, startReleaseUnderTest } from './release-under-test.ts';

type UnderTest = Awaited<ReturnType<typeof startReleaseUnderTest>>;

const FUNCTIONS = ['api', 'build-callback', 'cleanup', 'deploy', 'webhook'].map(
  (folder) => `function miaobu-${folder}`,
);

describe('into an empty account', () => {
  let cloud: UnderTest;
  let first: ReleaseResult;
  beforeAll(async () => {
    cloud = await startReleaseUnderTest();
    first = await cloud.release();
  }, 120_000);
  afterAll(() => cloud.close());

  test('a release creates everything, the schema before anything that needs it', async () => {
    expect(first).toMatchObject({ code: 0, errors: '' });
    const order = Object.keys(first.steps);
    expect(order).toEqual(expect.arrayContaining(['bucket', 'build log', 'edge', 'edge storage', 'build', 'layer']));
    expect(order.indexOf('function miaobu-migrate')).toBeLessThan(order.indexOf('schema'));
    for (const step of [...FUNCTIONS, 'edge routine'])
      expect(order.indexOf(step), step).toBeGreaterThan(order.indexOf('schema'));
    expect(order.slice(-3)).toEqual(['domain', 'health', 'wake-up']);

    const database = new pg.Client({ connectionString: cloud.databaseUrl });
    await database.connect();
    const { rows } = await database.query('select name from schema_migrations order by id');
    await database.end();
    expect(first.steps.schema).toBe(rows.map(({ name }) => name).join(', '));
  });

  test('the control plane leads to the functions by path', async () => {
    const get = (pathname: string) =>
      new Promise<{ status: number | undefined; body: unknown }>((resolve, reject) => {
        const { port } = new URL(cloud.fcUrl);
        const headers = { host: 'api.miaobu.localhost' };
        request({ host: '127.0.0.1', port, path: pathname, headers }, (response) => {
          text(response).then((body) => resolve({ status: response.statusCode, body: JSON.parse(body) }), reject);
        })
          .on('error', reject)
          .end();
      });
    expect(await get('/health/live')).toEqual({ status: 200, body: { data: { live: true } } });
    for (const pathname of ['/webhooks/nothing', '/builds/nothing']) {
      expect(await get(pathname)).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
    }
  });

  test('a second release finds everything up to date: nothing is uploaded, created or changed', async () => {
    cloud.writes.length = 0;
    const second = await cloud.release();
    expect(second).toMatchObject({ code: 0, errors: '' });
    for (const step of [...FUNCTIONS, 'function miaobu-migrate', 'schema', 'edge routine', 'bucket', 'edge storage'])
      expect(second.steps[step], step).toBe('as before');
    expect(second.steps.layer).toMatch(/^as before, acs:fc:/);
    expect(cloud.writes).toEqual([
      'POST /2023-03-30/functions/miaobu-migrate/invocations',
      'POST /2023-03-30/functions/miaobu-deploy/invocations',
    ]);
  }, 60_000);

  test('a changed variable updates the functions that read it, without their code, and no other', async () => {
    cloud.writes.length = 0;
    const input = cloud.config();
    const changed = await cloud.release({ ...input, environment: { ...input.environment, BUILD_REF: 'other' } });
    expect(changed.code).toBe(0);
    expect(changed.steps['function miaobu-deploy']).toBe('environmentVariables');
    expect(cloud.writes).toEqual([
      'POST /2023-03-30/functions/miaobu-migrate/invocations',
      'PUT /2023-03-30/functions/miaobu-deploy',
      'POST /2023-03-30/functions/miaobu-deploy/invocations',
    ]);
  }, 60_000);

  test('a function that does not start fails the release, with the last lines it wrote', async () => {
    const input = cloud.config();
    const broken = { ...input, environment: { ...input.environment, GITHUB_API_URL: 'no address' } };
    const failed = await cloud.release(broken);
    expect(failed.code).toBe(1);
    expect(failed.steps).not.toHaveProperty('health');
    expect(failed.errors).toMatch(/^the release failed: health: GET http:.* answered 412: CAExited/);
    expect(failed.errors).toContain('the configuration is not valid');
    expect(failed.errors).toContain('GITHUB_API_URL: Invalid URL');
  }, 60_000);

  test('a schema that cannot be migrated fails the release before any other function is touched', async () => {
    cloud.writes.length = 0;
    const input = cloud.config();
    const DATABASE_URL = 'postgres://nobody:wrong@127.0.0.1:1/nowhere';
    const failed = await cloud.release({ ...input, environment: { ...input.environment, DATABASE_URL } });
    expect(failed.code).toBe(1);
    expect(failed.errors).toContain('the release failed: schema: miaobu-migrate failed: ');
    expect(failed.errors).toContain('database_unavailable');
    expect(failed.errors).not.toContain('wrong');
    expect(cloud.writes).toEqual([
      'PUT /2023-03-30/functions/miaobu-migrate',
      'POST /2023-03-30/functions/miaobu-migrate/invocations',
    ]);
  }, 60_000);

  test('a missing variable that only s.yaml asks for is reported before anything is touched', async () => {
    cloud.writes.length = 0;
    const input = cloud.config();
    const { MIAOBU_VPC_ID: _, ...environment } = input.environment;
    const failed = await cloud.release({ ...input, environment });
    expect(failed).toMatchObject({ code: 1, steps: {} });
    expect(failed.errors).toBe('the release failed: s.yaml: the variable MIAOBU_VPC_ID is not set\n');
    expect(cloud.writes).toEqual([]);
  }, 60_000);

  test('a configuration that lacks something fails at once, and says what', async () => {
    cloud.writes.length = 0;
    const input = cloud.config();
    const { ESA_SITE_ID: _, ...environment } = input.environment;
    const failed = await cloud.release({ ...input, environment });
    expect(failed.code).toBe(1);
    expect(failed.errors).toContain('ESA_SITE_ID');
    expect(failed.errors).not.toContain(input.credentials.accessKeySecret);
    const misspelt = await cloud.release({ ...input, endpoint: {} });
    expect(misspelt.errors).toContain('endpoint');
    expect(cloud.writes).toEqual([]);
  }, 60_000);
});

test('functions can be left to Serverless Devs: everything else is released, and their packages are written', async () => {
  const cloud = await startReleaseUnderTest();
  const packagesDirectory = mkdtempSync(path.join(tmpdir(), 'miaobu-packages-'));
  try {
    const { code, steps } = await cloud.release({ ...cloud.config(), packagesDirectory });
    expect(code).toBe(0);
    expect(steps.packages).toMatch(/MIAOBU_LAYER_ARN=acs:fc:[^ ]+:layers\/miaobu\/versions\/1$/);
    expect(steps['edge routine']).toBe('published');
    expect(Object.keys(steps).filter((step) => step.startsWith('function '))).toEqual([]);
    expect(readdirSync(path.join(packagesDirectory, 'functions'))).toContain('webhook.zip');
    expect(readdirSync(packagesDirectory)).toContain('layer.zip');
  } finally {
    rmSync(packagesDirectory, { recursive: true, force: true });
    await cloud.close();
  }
}, 120_000);
