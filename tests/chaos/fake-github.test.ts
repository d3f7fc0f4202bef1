import { expect, test } from 'vitest';
import { fakeGithub } from './fake-github.ts';
import { seededRandom } from './seeded-random.ts';
import { virtualClock } from './virtual-clock.ts';

/** What GitHub shows of `main` when asked often, this long after the second of two pushes, in one of several runs. */
async function shownAfter(seconds: number): Promise<Set<string>> {
  const shown = new Set<string>();
  for (let seed = 1; seed <= 10; seed++) {
    const clock = virtualClock();
    const github = fakeGithub(seededRandom(seed), clock);
    github.push('main');
    const first = github.branches.get('main');
    clock.advance(100);
    github.push('main');
    clock.advance(seconds);
    for (let asked = 0; asked < 50; asked++) {
      const head = await github.codeHost.getBranchHead('token', 'you/site', 'main');
      shown.add(head?.sha === first ? 'the first push' : 'the second push');
    }
  }
  return shown;
}

test('soon after a push, some answers predate it', async () => {
  expect([...(await shownAfter(10))].sort()).toEqual(['the first push', 'the second push']);
});

test('forty seconds after a push every answer shows it', async () => {
  expect([...(await shownAfter(40))]).toEqual(['the second push']);
});
