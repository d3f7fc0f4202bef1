import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockHome } from './home-lock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'miaobu-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const impatient = { patienceMs: 0 };

async function holdInAnotherProgram(home: string) {
  const source = `
    import { lockHome } from ${JSON.stringify(import.meta.resolve('./home-lock.ts'))};
    await lockHome(${JSON.stringify(home)});
    console.log('locked');
    setInterval(() => {}, 60_000);`;
  const program = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', source],
    {
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await once(program.stdout, 'data');
  return program;
}

test('a folder that another program holds is refused, naming its process, and free once that is killed', async () => {
  const home = path.join(folder, 'not', 'there', 'yet');
  const program = await holdInAnotherProgram(home);
  await expect(lockHome(home, impatient)).rejects.toThrow(`already runs on ${home} (process ${program.pid})`);
  // A process that is just ending is waited for.
  const patient = lockHome(home);
  program.kill('SIGKILL');
  const unlock = await patient;
  await expect(lockHome(home, impatient)).rejects.toThrow(`(process ${process.pid})`);
  unlock();
  (await lockHome(home, impatient))();
});

test('a path that is not a folder is named in the error', async () => {
  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  await expect(lockHome(file, impatient)).rejects.toThrow(`MIAOBU_HOME is ${file}, which is not a folder`);
  await expect(lockHome(path.join(file, 'below'), impatient)).rejects.toThrow(`cannot write to ${file}/below (ENOTDIR`);
});
