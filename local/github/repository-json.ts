import { type Commit, type Identity, localTime } from './commit-objects.ts';
import type { GithubRepository } from './github-repositories.ts';
import type { GithubUrls } from './github-urls.ts';
import { type GithubUser, type GithubUsers, userJson } from './github-users.ts';

/** GitHub writes REST times to the second, in UTC. */
export const restTime = (milliseconds: number) => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;

const common = (repository: GithubRepository, owner: GithubUser, urls: GithubUrls) => ({
  id: repository.id,
  node_id: Buffer.from(`010:Repository${repository.id}`).toString('base64'),
  name: repository.name,
  full_name: `${repository.owner}/${repository.name}`,
  private: true,
  visibility: 'private',
  html_url: urls.page(repository),
  description: null,
  fork: false,
  archived: false,
  disabled: false,
  clone_url: urls.clone(repository),
  default_branch: repository.defaultBranch,
  hooks_url: `${urls.repository(repository)}/hooks`,
  owner: userJson(owner, urls.api),
});

/** A repository as the REST API shows it. */
export const repositoryJson = (repository: GithubRepository, owner: GithubUser, urls: GithubUrls) => ({
  ...common(repository, owner, urls),
  url: urls.repository(repository),
  created_at: restTime(repository.createdAt),
  updated_at: restTime(repository.pushedAt ?? repository.createdAt),
  pushed_at: restTime(repository.pushedAt ?? repository.createdAt),
  permissions: { admin: true, maintain: true, push: true, triage: true, pull: true },
});

/** A repository inside a push event: `url` is the page, and two of the times are in seconds. That is GitHub's format. */
export const pushedRepositoryJson = (
  repository: GithubRepository,
  owner: GithubUser,
  urls: GithubUrls,
  pushedAt: number,
) => ({
  ...common(repository, owner, urls),
  owner: { name: owner.login, email: owner.email ?? null, ...userJson(owner, urls.api) },
  url: urls.page(repository),
  created_at: Math.floor(repository.createdAt / 1000),
  updated_at: restTime(pushedAt),
  pushed_at: Math.floor(pushedAt / 1000),
  master_branch: repository.defaultBranch,
});

/** Someone inside a push event's commit: the account is named when the address belongs to one. */
export function pushedIdentityJson(identity: Identity, users: GithubUsers) {
  const user = users.withEmail(identity.email);
  const { name, email } = identity;
  return { name, email, date: localTime(identity), ...(user ? { username: user.login } : {}) };
}

/** A commit as the REST API shows it (without `stats` and `files`). */
export function commitJson(commit: Commit, repository: GithubRepository, users: GithubUsers, urls: GithubUrls) {
  const api = urls.repository(repository);
  const page = urls.page(repository);
  const person = ({ name, email, seconds }: Identity) => ({ name, email, date: restTime(seconds * 1000) });
  const account = ({ email }: Identity) => {
    const user = users.withEmail(email);
    return user ? userJson(user, urls.api) : null;
  };
  return {
    sha: commit.sha,
    node_id: Buffer.from(`06:Commit${repository.id}:${commit.sha}`).toString('base64'),
    url: `${api}/commits/${commit.sha}`,
    html_url: `${page}/commit/${commit.sha}`,
    commit: {
      author: person(commit.author),
      committer: person(commit.committer),
      message: commit.message,
      tree: { sha: commit.tree, url: `${api}/git/trees/${commit.tree}` },
      url: `${api}/git/commits/${commit.sha}`,
    },
    author: account(commit.author),
    committer: account(commit.committer),
    parents: commit.parents.map((sha) => ({ sha, url: `${api}/commits/${sha}`, html_url: `${page}/commit/${sha}` })),
  };
}
