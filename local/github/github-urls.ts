import type { GithubRepository } from './github-repositories.ts';

export interface GithubUrls {
  /** Where the emulator is mounted, without a trailing slash. */
  readonly base: string;
  readonly api: string;
  /** REST address of a repository. */
  repository(repository: GithubRepository): string;
  clone(repository: GithubRepository): string;
  page(repository: GithubRepository): string;
}

/** Addresses under `base`, laid out as GitHub Enterprise Server does it. */
export function githubUrls(base: string): GithubUrls {
  const trimmed = base.replace(/\/+$/, '');
  const api = `${trimmed}/api/v3`;
  return {
    base: trimmed,
    api,
    repository: ({ owner, name }) => `${api}/repos/${owner}/${name}`,
    clone: ({ owner, name }) => `${trimmed}/git/${owner}/${name}.git`,
    page: ({ owner, name }) => `${trimmed}/${owner}/${name}`,
  };
}
