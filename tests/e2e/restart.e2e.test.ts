import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createClient } from '@miaobu/shared/contracts/client';
import { afterEach, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { gitSite } from './git-site.ts';
import { type Platform, startPlatform } from './start-platform.ts';
import { startPreparedPlatform } from './start-prepared-platform.ts';
import { visit } from './visit.ts';

/** Processes that still work with a state folder: their command line or environment names it. */
function processesOf(home: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
        return `${command} ${environment}`.includes(home) ? [`${pid} ${command}`] : [];
      } catch {
        return [];
      }
    });
}

/** A build that ends once a file is there, so that there is a middle of it. */
const waitingFor = (gate: string, content: string) => ({
  'package.json': JSON.stringify({ scripts: { build: 'node build.mjs' } }),
  'build.mjs': `
    import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
    while (!existsSync(${JSON.stringify(gate)})) await new Promise((resolve) => setTimeout(resolve, 50));
    mkdirSync('dist', { recursive: true });
    writeFileSync('dist/index.html', ${JSON.stringify(content)});`,
});

const running: Platform[] = [];
// Those that have ended have no objection; one that a failure left running ends with the test.
afterEach(async () => {
  for (const platform of running.splice(0)) {
    await platform.kill();
    platform.clean();
  }
});

async function started(starting: Promise<Platform>): Promise<Platform> {
  const platform = await starting;
  running.push(platform);
  return platform;
}

const body = async (url: string) => (await visit(url)).body;

test.skipIf(process.platform !== 'linux')(
  'what was deployed survives kill -9 and a restart, a build that was killed begins again at once, and Ctrl-C leaves nothing behind',
  async () => {
    const first = await started(startPreparedPlatform());
    const { home } = first;
    const site = await gitSite(first.gitUrl, 'dev/survivor');
    try {
      await site.commit({ 'index.html': 'before' });
      await site.push();
      const { data: project } = await createClient({ origin: first.apiUrl, token: first.token })('createProject', {
        body: { repo: 'dev/survivor' },
      });
      await eventually(async () => ((await body(project.url)) === 'before' ? true : undefined), 'the site is live');
      await first.kill();

      const second = await started(startPlatform(home));
      expect(second.token).toBe(first.token);
      const after = createClient({ origin: second.apiUrl, token: second.token });
      const { data: again } = await after('getProject', { params: { project: project.id } });
      expect(await body(again.url)).toBe('before');
      await site.git('remote', 'set-url', 'origin', `${second.gitUrl}/dev/survivor.git`);
      await site.commit({ 'index.html': 'after' });
      await site.push();
      await eventually(async () => ((await body(again.url)) === 'after' ? true : undefined), 'the new content is live');

      const gate = path.join(home, 'gate');
      await site.commit(waitingFor(gate, 'interrupted'));
      await site.push();
      await eventually(async () => {
        const { data } = await after('listDeployments', { params: { project: project.id } });
        return data[0]?.status === 'building' ? true : undefined;
      }, 'a build is under way');
      await second.kill();
      writeFileSync(gate, '');

      const third = await started(startPlatform(home));
      const last = createClient({ origin: third.apiUrl, token: third.token });
      const { data: current } = await last('getProject', { params: { project: project.id } });
      // Well within the time a lease or the silence of a build would take to be noticed.
      await eventually(
        async () => ((await body(current.url)) === 'interrupted' ? true : undefined),
        'it is built again',
        110_000,
      );

      expect(await third.stop()).toBe(0);
      expect(processesOf(home)).toEqual([]);
    } finally {
      site.remove();
    }
  },
  600_000,
);
