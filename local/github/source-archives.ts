import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { startGit } from './git-command.ts';
import type { GithubRepositories, GithubRepository } from './github-repositories.ts';
import type { GithubState } from './github-state.ts';
import type { GithubUrls } from './github-urls.ts';

const VALID_MS = 5 * 60_000;

export interface SourceArchives {
  /** An address that gives exactly this commit as a tar.gz, to anyone who has the address, for five minutes. */
  url(repository: GithubRepository, commit: string): string;
  /** Answers such an address; `pathname` is the path below `/codeload`. */
  handle(request: IncomingMessage, response: ServerResponse, pathname: string): Promise<void>;
}

/** GitHub's codeload host: archives of commits, authorized by a token in the address. */
export function createSourceArchives(
  state: GithubState,
  repositories: GithubRepositories,
  urls: () => GithubUrls,
  now: () => number,
): SourceArchives {
  const key = state.secret('codeload');
  const sign = (repositoryId: number, commit: string, expires: number) =>
    createHmac('sha256', key).update(`${repositoryId} ${commit} ${expires}`).digest();

  const isValid = (repositoryId: number, commit: string, token: string) => {
    const [expires = '', signature = ''] = token.split('.');
    const given = Buffer.from(signature, 'base64url');
    const expected = sign(repositoryId, commit, Number(expires));
    return given.length === expected.length && timingSafeEqual(given, expected) && Number(expires) > now();
  };

  return {
    url(repository, commit) {
      const expires = now() + VALID_MS;
      const token = `${expires}.${sign(repository.id, commit, expires).toString('base64url')}`;
      return `${urls().base}/codeload/${repository.owner}/${repository.name}/legacy.tar.gz/${commit}?token=${token}`;
    },
    async handle(request, response, pathname) {
      const [, owner = '', name = '', commit = ''] =
        /^\/([\w-]+)\/([\w.-]+)\/legacy\.tar\.gz\/([0-9a-f]{40})$/.exec(pathname) ?? [];
      const token = new URL(request.url ?? '/', 'http://local').searchParams.get('token') ?? '';
      const repository = repositories.find(owner, name);
      if (request.method !== 'GET' || !repository || !isValid(repository.id, commit, token)) {
        response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('404: Not Found');
        return;
      }
      const prefix = `${repository.owner}-${repository.name}-${commit.slice(0, 7)}`;
      const args = ['-C', repository.directory, 'archive', '--format=tar.gz', `--prefix=${prefix}/`, commit];
      const child = startGit(args, ['ignore', 'pipe', 'ignore']);
      response.once('close', () => child.kill());
      response.writeHead(200, {
        'content-type': 'application/x-gzip',
        'content-disposition': `attachment; filename=${prefix}.tar.gz`,
      });
      child.stdout?.pipe(response, { end: false });
      const exitCode = await new Promise<number | null>((resolve, reject) => {
        child.once('error', reject);
        child.once('close', resolve);
      });
      if (exitCode === 0) response.end();
      else response.destroy();
    },
  };
}
