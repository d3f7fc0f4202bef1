import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  aliyunConfig,
  buildRunnerConfig,
  corsConfig,
  databaseConfig,
  doorbellConfig,
  edgeConfig,
  githubConfig,
  instanceConfig,
  objectStoreConfig,
  originConfig,
  rateLimitConfig,
  readConfig,
  rootKeyConfig,
} from './config.ts';

const rootKey = randomBytes(32).toString('base64url');
const problemsOf = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    expect((error as Error).constructor).toBe(Error);
    return (error as Error).message;
  }
  throw new Error('the configuration was accepted');
};

test("slices are parsed into the function's configuration, with defaults for optional variables", () => {
  const config = readConfig([databaseConfig, rootKeyConfig, instanceConfig, buildRunnerConfig], {
    DATABASE_URL: 'postgresql://user:password@db.example:5432/miaobu',
    MIAOBU_ROOT_KEY: rootKey,
    BUILD_REPOSITORY: 'you/miaobu',
    UNRELATED: 'ignored',
  });
  expect(config).toEqual({
    database: { url: 'postgresql://user:password@db.example:5432/miaobu', poolSize: 2 },
    rootKeys: { current: rootKey },
    port: 9000,
    instanceId: 'unknown',
    buildRunner: { repository: 'you/miaobu', workflow: 'build.yml', ref: 'main' },
  });
});

test('all problems of all slices come in one message, by variable, and never with a value', () => {
  const environment = {
    DATABASE_URL: 'mysql://canary-1',
    DATABASE_POOL_SIZE: 'canary-2',
    MIAOBU_ROOT_KEY: 'canary-3',
    CONTROL_ORIGIN: 'https://canary-4.example/path',
    SITES_ORIGIN: 'canary-5',
    ALIYUN_REGION: 'CANARY-6',
    OSS_PATH_STYLE: 'canary-7',
    ESA_SITE_ID: 'canary-8',
    GITHUB_API_URL: 'ftp://canary-9',
    BUILD_REPOSITORY: 'canary-10',
  };
  const message = problemsOf(() =>
    readConfig(
      [
        databaseConfig,
        rootKeyConfig,
        originConfig,
        aliyunConfig,
        objectStoreConfig,
        edgeConfig,
        githubConfig,
        buildRunnerConfig,
        doorbellConfig,
      ],
      environment,
    ),
  );
  expect(message).toMatch(/^the configuration is not valid\n/);
  const missing = ['ALIBABA_CLOUD_ACCESS_KEY_ID', 'OSS_BUCKET', 'ESA_ENDPOINT', 'DOORBELL_FUNCTION'];
  for (const name of [...Object.keys(environment), ...missing]) expect(message, name).toContain(`\n  ${name}: `);
  expect(message.toLowerCase()).not.toContain('canary');
});

test('an empty variable counts as absent', () => {
  const variables = { DATABASE_URL: 'postgres://db.example/miaobu', DATABASE_POOL_SIZE: '' };
  expect(readConfig([databaseConfig], variables)).toMatchObject({ database: { poolSize: 2 } });
  expect(problemsOf(() => readConfig([databaseConfig], { DATABASE_URL: '' }))).toContain('DATABASE_URL: ');
  expect(readConfig([githubConfig], { GITHUB_API_URL: 'https://api.github.com', OUTBOUND_PROXY_URL: '' })).toEqual({
    github: { apiUrl: 'https://api.github.com' },
  });
});

test.each([
  ['too short', randomBytes(31).toString('base64url'), 'must hold at least 32 random bytes'],
  ['one character', 'a'.repeat(43), 'must be random'],
  ['a word again and again', 'change-me'.repeat(6), 'must be random'],
  ['not base64url', randomBytes(32).toString('hex').replace(/^./, '='), 'must be base64url'],
])('a root key that is %s is refused', (_, key, reason) => {
  const message = problemsOf(() => readConfig([rootKeyConfig], { MIAOBU_ROOT_KEY: key }));
  expect(message).toContain(`MIAOBU_ROOT_KEY: ${reason}`);
  expect(message).not.toContain(key);
});

test.each([
  '',
  'example.com',
  'https://example.com/',
  'https://example.com/path',
  'https://a@example.com',
  'ws://a.b',
  '::',
])('the origin %j is refused', (origin) => {
  const read = () => readConfig([originConfig], { CONTROL_ORIGIN: origin, SITES_ORIGIN: 'https://example.site' });
  expect(problemsOf(read)).toContain('CONTROL_ORIGIN: ');
  expect(problemsOf(read)).not.toContain('SITES_ORIGIN');
});

test.each(['0', '21', '1.5', 'two', '-1'])('a pool of %s connections is refused', (size) => {
  const variables = { DATABASE_URL: 'postgres://db.example/miaobu', DATABASE_POOL_SIZE: size };
  expect(problemsOf(() => readConfig([databaseConfig], variables))).toContain('DATABASE_POOL_SIZE: ');
});

test('pages may use the API only from origins that are named exactly', () => {
  expect(readConfig([corsConfig], {})).toEqual({ corsOrigins: [] });
  const named = { CORS_ORIGINS: 'https://console.example, http://localhost:5173' };
  expect(readConfig([corsConfig], named)).toEqual({
    corsOrigins: ['https://console.example', 'http://localhost:5173'],
  });
  for (const CORS_ORIGINS of [
    '*',
    'null',
    'https://console.example/',
    'console.example',
    'https://*.example',
    'https://a.example;https://b',
  ]) {
    expect(() => readConfig([corsConfig], { CORS_ORIGINS }), CORS_ORIGINS).toThrow('CORS_ORIGINS');
  }
});

test('rate limits can be scaled, not switched off', () => {
  expect(readConfig([rateLimitConfig], {})).toEqual({ rateLimitScale: 1 });
  expect(readConfig([rateLimitConfig], { RATE_LIMIT_SCALE: '2.5' })).toEqual({ rateLimitScale: 2.5 });
  for (const RATE_LIMIT_SCALE of ['0', '-1', 'off', 'Infinity']) {
    expect(() => readConfig([rateLimitConfig], { RATE_LIMIT_SCALE })).toThrow('RATE_LIMIT_SCALE');
  }
});
