import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { processMemory } from './process-memory.ts';

test.skipIf(process.platform !== 'linux')(
  'a process is counted with all that hang on it, and an instance of a function goes by the function',
  async () => {
    const child = spawn(process.execPath, ['-e', 'console.log("runs"); process.stdin.resume()'], {
      env: { FC_FUNCTION_NAME: 'miaobu-example' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      await once(child.stdout, 'data');
      const found = new Map(processMemory(process.pid).map((process) => [process.pid, process]));
      expect(found.get(process.pid)?.pssBytes).toBeGreaterThan(1e6);
      expect(found.get(child.pid ?? 0)).toMatchObject({ name: 'function miaobu-example' });
      expect(found.has(1)).toBe(process.pid === 1);
    } finally {
      child.stdin.end();
      await once(child, 'exit');
    }
  },
);
