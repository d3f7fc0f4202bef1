import * as z from 'zod';
import { AppError } from '../../kernel/app-error.ts';
import type { CodeCommit, CodeHost, CodePage, CodeRepository } from '../../ports/code-host.ts';
import { listFailedDeliveries } from './failed-deliveries.ts';
import { encodePath, repositoryPath } from './github-paths.ts';
import { type GithubAnswer, type GithubRequestConfig, githubRequest, readGithubJson } from './github-request.ts';
import { rememberAnswers } from './remember-answers.ts';

const repositorySchema = z.object({
  id: z.int(),
  full_name: z.string(),
  default_branch: z.string(),
  private: z.boolean(),
  clone_url: z.string(),
  pushed_at: z.iso.datetime().nullable(),
});
const sha = z.string().regex(/^[0-9a-f]{40}$/);
const commitSchema = z.object({
  sha,
  commit: z.object({
    message: z.string(),
    author: z.object({ name: z.string() }).nullable(),
    committer: z.object({ date: z.iso.datetime() }),
  }),
  author: z.object({ login: z.string().optional() }).nullable(),
  parents: z.array(z.object({ sha })),
});
const branchSchema = z.object({ commit: commitSchema });
const listedBranchSchema = z.object({ name: z.string(), commit: z.object({ sha }) });
const treeSchema = z.object({
  tree: z.array(z.object({ path: z.string(), type: z.string() })),
  truncated: z.boolean(),
});
const hookSchema = z.object({ id: z.int(), config: z.object({ url: z.string().optional() }) });

/** GitHub's limit for the text of a commit status. */
const STATUS_CHARACTERS = 140;

/** `CodeHost` on GitHub's REST API. */
export function githubCodeHost(config: GithubRequestConfig): CodeHost {
  const request = githubRequest(config);
  const ask = rememberAnswers(request);

  const hookBody = (url: string, secret: string) => ({
    active: true,
    events: ['push'],
    config: { url, secret, content_type: 'json', insecure_ssl: '0' },
  });

  const findPushHook: CodeHost['findPushHook'] = async (token, fullName, url) => {
    // One page has them all: GitHub allows 20 per event.
    const listed = await request({ token, path: `${repositoryPath(fullName)}/hooks?per_page=100` });
    const found = readGithubJson(z.array(hookSchema), listed).find((hook) => hook.config.url === url);
    return found && { id: found.id };
  };

  /** Undefined when there is no such hook. */
  const changeHook = async (
    ...[token, fullName, { url, secret }, beforeCall]: Parameters<CodeHost['createPushHook']>
  ): Promise<{ readonly id: number } | undefined> => {
    beforeCall?.();
    const existing = await findPushHook(token, fullName, url);
    if (!existing) return undefined;
    const path = `${repositoryPath(fullName)}/hooks/${existing.id}`;
    beforeCall?.();
    await request({ token, method: 'PATCH', path, body: hookBody(url, secret) });
    return existing;
  };

  return {
    async getRepository(token, fullName) {
      const answer = await request({ token, path: repositoryPath(fullName), expect: [404] });
      return answer.status === 404 ? undefined : toRepository(readGithubJson(repositorySchema, answer));
    },
    async listRepositories(token, page) {
      const kinds = 'affiliation=owner,collaborator,organization_member&sort=pushed';
      const answer = await request({ token, path: `/user/repos?${kinds}&${pageQuery(page)}` });
      const repositories = readGithubJson(z.array(repositorySchema), answer).map(toRepository);
      return { repositories, hasMore: hasNext(answer) };
    },
    async listBranches(token, fullName, page) {
      const path = `${repositoryPath(fullName)}/branches?${pageQuery(page)}`;
      const answer = await request({ token, path, expect: [404] });
      if (answer.status === 404) return undefined;
      const listed = readGithubJson(z.array(listedBranchSchema), answer);
      return { branches: listed.map(({ name, commit }) => ({ name, sha: commit.sha })), hasMore: hasNext(answer) };
    },
    async getBranchHead(token, fullName, branch) {
      const path = `${repositoryPath(fullName)}/branches/${encodePath(branch)}`;
      const answer = await ask({ token, path, expect: [404] });
      return answer.status === 404 ? undefined : toCommit(readGithubJson(branchSchema, answer).commit);
    },
    async getCommit(token, fullName, ref) {
      const path = `${repositoryPath(fullName)}/commits/${encodePath(ref)}`;
      // 409: the repository is empty. 422: it has no such commit.
      const answer = await request({ token, path, expect: [404, 409, 422] });
      return answer.status === 200 ? toCommit(readGithubJson(commitSchema, answer)) : undefined;
    },
    async listTree(token, fullName, commit) {
      const path = `${repositoryPath(fullName)}/git/trees/${encodePath(commit)}?recursive=1`;
      const answer = await request({ token, path, expect: [404, 409, 422] });
      if (answer.status !== 200) return undefined;
      const { tree, truncated } = readGithubJson(treeSchema, answer);
      return { paths: tree.filter(({ type }) => type === 'blob').map((entry) => entry.path), truncated };
    },
    async readFile(token, fullName, path, ref, limitBytes) {
      const query = new URLSearchParams({ ref });
      const answer = await request({
        token,
        path: `${repositoryPath(fullName)}/contents/${encodePath(path)}?${query}`,
        accept: 'application/vnd.github.raw+json',
        expect: [404],
        limitBytes,
      });
      // A folder is answered as a plain JSON list, whatever media type was requested.
      const isFile = answer.status === 200 && /vnd\.github\..*raw/.test(answer.header('content-type') ?? '');
      return isFile ? answer.body?.toString() : undefined;
    },
    async archiveUrl(token, fullName, commit) {
      const path = `${repositoryPath(fullName)}/tarball/${encodePath(commit)}`;
      const answer = await request({ token, path, expect: [302] });
      const location = answer.header('location');
      if (location === undefined) throw new AppError('code_host_unavailable', { message: 'GitHub named no archive' });
      return location;
    },
    async createPushHook(token, fullName, hook, beforeCall) {
      // GitHub refuses a second hook only if its whole configuration is the same: with another secret there would be two.
      const existing = await changeHook(token, fullName, hook, beforeCall);
      if (existing) return existing;
      beforeCall?.();
      const answer = await request({
        token,
        method: 'POST',
        path: `${repositoryPath(fullName)}/hooks`,
        body: { name: 'web', ...hookBody(hook.url, hook.secret) },
        expect: [422],
      });
      if (answer.status < 300) return { id: readGithubJson(hookSchema, answer).id };
      // It may have been created a moment ago, and missing from an older answer.
      const created = await changeHook(token, fullName, hook, beforeCall);
      if (!created) throw new AppError('vendor_rejected', { message: `GitHub refused a webhook for ${fullName}` });
      return created;
    },
    findPushHook,
    async deleteHook(token, fullName, hookId) {
      const path = `${repositoryPath(fullName)}/hooks/${hookId}`;
      await request({ token, method: 'DELETE', path, expect: [404] });
    },
    listFailedDeliveries: listFailedDeliveries(ask),
    async redeliver(token, fullName, hookId, deliveryId) {
      const path = `${repositoryPath(fullName)}/hooks/${hookId}/deliveries/${deliveryId}/attempts`;
      // 422: GitHub keeps a delivery for three days.
      return (await request({ token, method: 'POST', path, expect: [404, 422] })).status < 300;
    },
    async setCommitStatus(token, fullName, commit, { state, context, description, targetUrl }) {
      await request({
        token,
        method: 'POST',
        path: `${repositoryPath(fullName)}/statuses/${encodePath(commit)}`,
        body: {
          state,
          context,
          description: description.slice(0, STATUS_CHARACTERS),
          ...(targetUrl === undefined ? {} : { target_url: targetUrl }),
        },
      });
    },
  };
}

const pageQuery = ({ number, size }: CodePage) => `per_page=${size}&page=${number}`;

/** GitHub's `Link` header says whether there is more (RFC 8288). */
const hasNext = (answer: GithubAnswer) => /;\s*rel="next"/.test(answer.header('link') ?? '');

const toRepository = (found: z.output<typeof repositorySchema>): CodeRepository => ({
  id: found.id,
  fullName: found.full_name,
  defaultBranch: found.default_branch,
  private: found.private,
  cloneUrl: found.clone_url,
  pushedAt: found.pushed_at === null ? undefined : new Date(found.pushed_at),
});

function toCommit({ sha, commit, author, parents }: z.output<typeof commitSchema>): CodeCommit {
  return {
    sha,
    message: commit.message,
    authorName: commit.author?.name ?? '',
    ...(author?.login === undefined ? {} : { authorLogin: author.login }),
    committedAt: new Date(commit.committer.date),
    parents: parents.map((parent) => parent.sha),
  };
}
