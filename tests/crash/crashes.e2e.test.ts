import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../e2e/eventually.ts';
import { preparedHome } from '../e2e/start-prepared-platform.ts';
import type { ArmedPoint } from './armed-crash.ts';
import { brokenInvariants } from './broken-invariants.ts';
import { type CrashPlatform, startCrashPlatform } from './crash-platform.ts';
import { type CrashMode, crashPoints, withoutCrash } from './crash-points.ts';
import { type CrashSite, deploy, newSite, push, setAside } from './crash-site.ts';
import { playCrash, TICK_SECONDS, TICKS } from './play-crash.ts';

// Linux is asked which process is behind a connection.
const onLinux = process.platform === 'linux';

let platform: CrashPlatform;

beforeAll(async () => {
  if (onLinux) platform = await startCrashPlatform({ builtIn: await preparedHome() });
});

afterEach(() => platform?.crashes.disarm());

afterAll(() => platform?.stop());

test('every number from CP01 to CP44 is a crash point, or says why it is not', () => {
  const numbers = Array.from({ length: 44 }, (_, index) => `CP${String(index + 1).padStart(2, '0')}`);
  expect([...crashPoints.map(({ id }) => id), ...Object.keys(withoutCrash)].sort()).toEqual(numbers);
});

/** Those where most can go wrong; `npm run chaos -- --crash` plays all. */
const chosen: readonly (readonly [string, CrashMode])[] = [
  ['CP05', 'throw'],
  ['CP08', 'kill'],
  ['CP13', 'kill'],
  ['CP16', 'kill'],
  ['CP23', 'throw'],
  ['CP25', 'hang'],
];

describe.skipIf(!onLinux)('a process that crashes', () => {
  const crashes = crashPoints.flatMap((point) =>
    chosen.filter(([id]) => id === point.id).map(([, mode]) => [point.dies, mode, point] as const),
  );

  test.each(crashes)(`%s (%s): the platform converges within ${TICKS} ticks`, async (_dies, mode, point) => {
    expect(await playCrash(platform, point, mode)).toMatchObject({ broken: [] });
  });
});

describe.skipIf(!onLinux)('Postgres', () => {
  let site: CrashSite;

  const recovered = async (expected: CrashSite) => {
    let broken = ['no tick'];
    for (let ticks = 0; ticks < TICKS && broken.length > 0; ticks++) {
      await platform.letTimePass(TICK_SECONDS);
      await platform.wake('deploy');
      await platform.buildsEnd();
      broken = await brokenInvariants(platform, expected);
    }
    return broken;
  };

  beforeAll(async () => {
    site = await newSite(platform);
  });

  afterAll(() => setAside(platform, site));

  const moments: readonly (readonly [string, ArmedPoint])[] = [
    [
      'the commit of a push, which is answered 202',
      { by: 'webhook', side: 'after', at: { commitOf: /insert into webhook_deliveries/ } },
    ],
    [
      'the last report of a build, which is answered 200',
      { by: 'build-callback', side: 'after', at: { commitOf: /insert into outbox[\s\S]*insert into build_reports/ } },
    ],
    [
      'the switch to a new deployment, before it is committed',
      { by: 'deploy', side: 'before', at: { commitOf: /set current_deployment_id/ } },
    ],
  ];

  test.each(moments)('stopped abruptly at %s, loses nothing that was acknowledged', async (moment, point) => {
    let reached = false;
    const stopped = platform.crashes.interrupt(point, () => {
      reached = true;
      return platform.crashPostgres();
    });
    const back = stopped.then(() => platform.restartPostgres());
    const expected = await push(platform, site, moment);
    if (!reached) await deploy(platform);
    expect(reached).toBe(true);
    await back;
    await platform.buildsEnd();
    expect(await recovered(expected)).toEqual([]);
    if (point.by !== 'webhook') return;
    const [delivery] = await platform.github.deliveries(site.slug);
    expect(delivery).toMatchObject({ event: 'push', statusCode: 202 });
  });

  /** The answer to the newest delivery, of a push that could not be taken. */
  const refusal = async () => {
    const [delivery] = await platform.github.deliveries(site.slug);
    const headers = await platform.github.answerTo(site.slug, delivery?.id ?? 0);
    return { statusCode: delivery?.statusCode, retryAfter: Number(headers['Retry-After'] ?? headers['retry-after']) };
  };

  test('away makes the intake answer 503 with Retry-After, and the push is found afterwards', async () => {
    await platform.crashPostgres();
    const expected = await push(platform, site, 'pushed while Postgres was away');
    const answered = await refusal();
    await platform.restartPostgres();
    expect(answered).toEqual({ statusCode: 503, retryAfter: 10 });
    expect(await recovered(expected)).toEqual([]);
  });

  test('read-only makes the intake answer 503 with Retry-After, and the push is found afterwards', async () => {
    await platform.makeReadOnly(true);
    const expected = await push(platform, site, 'pushed while Postgres was read-only');
    const answered = await refusal();
    await platform.makeReadOnly(false);
    await eventually(
      async () => ((await platform.wake('deploy')).startsWith('200  ') ? true : undefined),
      'Postgres takes statements that write',
    );
    expect(answered).toEqual({ statusCode: 503, retryAfter: 10 });
    expect(await recovered(expected)).toEqual([]);
  });
});
