import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A working copy on this machine, pushed with real git. */
export interface GitSite {
  readonly folder: string;
  git(...args: string[]): Promise<string>;
  /** Writes files (null deletes one), commits everything and returns the commit. */
  commit(files: Readonly<Record<string, string | Buffer | null>>, message?: string): Promise<string>;
  push(...refs: string[]): Promise<void>;
  remove(): void;
}

/** A new repository whose remote is `{gitUrl}/{fullName}.git`. */
export async function gitSite(gitUrl: string, fullName: string): Promise<GitSite> {
  const folder = mkdtempSync(path.join(tmpdir(), 'miaobu-site-'));
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'Tester',
    GIT_AUTHOR_EMAIL: 'tester@example.com',
    GIT_COMMITTER_NAME: 'Tester',
    GIT_COMMITTER_EMAIL: 'tester@example.com',
  };
  const git = async (...args: string[]) => (await run('git', args, { cwd: folder, env })).stdout.trim();
  await git('init', '-q', '-b', 'main');
  await git('remote', 'add', 'origin', `${gitUrl}/${fullName}.git`);
  return {
    folder,
    git,
    async commit(files, message = 'change') {
      for (const [name, content] of Object.entries(files)) {
        const file = path.join(folder, name);
        if (content === null) {
          rmSync(file, { recursive: true });
        } else {
          mkdirSync(path.dirname(file), { recursive: true });
          writeFileSync(file, content);
        }
      }
      await git('add', '-A');
      await git('commit', '-q', '--allow-empty', '-m', message);
      return git('rev-parse', 'HEAD');
    },
    async push(...refs) {
      await git('push', '-q', 'origin', ...(refs.length > 0 ? refs : ['main']));
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
