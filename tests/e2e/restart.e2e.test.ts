import { readdirSync, readFileSync } from 'node:fs';
import { createClient } from '@miaobu/shared/contracts/client';
import { expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { gitSite } from './git-site.ts';
import { newHome, startPlatform } from './start-platform.ts';
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

const body = async (url: string) => (await visit(url)).body;

test.skipIf(process.platform !== 'linux')(
  'what was deployed survives kill -9 and a restart, a push made in between is found, and Ctrl-C leaves nothing behind',
  async () => {
    const home = newHome();
    const first = await startPlatform(home);
    const site = await gitSite(first.gitUrl, 'dev/survivor');
    try {
      await site.commit({ 'index.html': 'before' });
      await site.push();
      const { data: project } = await createClient({ origin: first.apiUrl, token: first.token })('createProject', {
        body: { repo: 'dev/survivor' },
      });
      await eventually(async () => ((await body(project.url)) === 'before' ? true : undefined), 'the site is live');
      await first.kill();

      const second = await startPlatform(home);
      expect(second.token).toBe(first.token);
      const after = createClient({ origin: second.apiUrl, token: second.token });
      const { data: again } = await after('getProject', { params: { project: project.id } });
      expect(await body(again.url)).toBe('before');
      await site.git('remote', 'set-url', 'origin', `${second.gitUrl}/dev/survivor.git`);
      await site.commit({ 'index.html': 'after' });
      await site.push();
      await eventually(async () => ((await body(again.url)) === 'after' ? true : undefined), 'the new content is live');

      expect(await second.stop()).toBe(0);
      expect(processesOf(home)).toEqual([]);
      second.clean();
    } finally {
      site.remove();
    }
  },
);
