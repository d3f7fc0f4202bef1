import path from 'node:path';
import { askGit, runGit } from './git-command.ts';
import { type Answer, type Call, GithubError, notFound } from './github-answer.ts';
import { type GithubRepository, resolveCommit } from './github-repositories.ts';
import type { GithubRoute } from './github-rest-api.ts';
import { commitOf, type RepositoryRouteDependencies, repositoryOf } from './repository-routes.ts';
import type { SourceArchives } from './source-archives.ts';

/** GitHub cuts a recursive tree at this many entries. */
const TREE_ENTRIES = 100_000;
/** Above this, GitHub gives a file's content only raw. */
const JSON_CONTENT_BYTES = 1024 * 1024;

interface TreeEntry {
  readonly mode: string;
  readonly type: string;
  readonly sha: string;
  readonly size: number | undefined;
  readonly path: string;
}

/** What is in a repository: trees, files and archives. */
export function sourceRoutes(deps: RepositoryRouteDependencies & { archives: SourceArchives }): GithubRoute[] {
  const { repositories, urls, archives } = deps;

  const contentJson = (repository: GithubRepository, entry: TreeEntry, ref: string) => ({
    type: entry.type === 'tree' ? 'dir' : entry.type === 'commit' ? 'submodule' : 'file',
    name: path.posix.basename(entry.path),
    path: entry.path,
    sha: entry.sha,
    size: entry.size ?? 0,
    url: `${urls().repository(repository)}/contents/${encodePath(entry.path)}?ref=${encodeURIComponent(ref)}`,
  });

  const contents = async (call: Call): Promise<Answer> => {
    const repository = repositoryOf(call, repositories);
    const ref = call.query.get('ref') ?? repository.defaultBranch;
    const asked = call.param('path').replace(/\/+$/, '');
    if (asked.split('/').includes('..')) throw notFound();
    const commit = await resolveCommit(repository.directory, ref);
    if (!commit) throw new GithubError(404, `No commit found for the ref ${ref}`);
    const entry = asked === '' ? undefined : await followLink(repository, commit, asked);
    if (!entry && asked !== '') throw notFound();
    if (!entry || entry.type === 'tree') {
      const entries = await listTree(repository, asked === '' ? commit : `${commit}:${asked}`, false);
      const prefixed = entries.map((child) => ({ ...child, path: path.posix.join(asked, child.path) }));
      return { status: 200, json: prefixed.map((child) => contentJson(repository, child, ref)) };
    }
    const json = contentJson(repository, entry, ref);
    if (entry.type === 'commit') return { status: 200, json };
    const content = await runGit(repository.directory, ['cat-file', 'blob', entry.sha]);
    if (/application\/vnd\.github\.(v3\.)?raw/.test(call.accept)) {
      const headers = { 'content-type': 'application/vnd.github.raw+json; charset=utf-8' };
      return { status: 200, body: content, headers };
    }
    const small = content.length <= JSON_CONTENT_BYTES;
    const lines = small ? content.toString('base64').replace(/.{60}/g, '$&\n') : '';
    return { status: 200, json: { ...json, encoding: small ? 'base64' : 'none', content: lines } };
  };

  return [
    {
      method: 'GET',
      path: '/repos/:owner/:repo/git/trees/:tree+',
      async answer(call) {
        const repository = repositoryOf(call, repositories);
        const asked = call.param('tree');
        const tree = await treeOf(repository, asked);
        const entries = await listTree(repository, tree, call.query.has('recursive'));
        const api = urls().repository(repository);
        return {
          status: 200,
          json: {
            sha: tree,
            url: `${api}/git/trees/${tree}`,
            tree: entries.slice(0, TREE_ENTRIES).map(({ path, mode, type, sha, size }) => ({
              path,
              mode,
              type,
              sha,
              ...(size === undefined ? {} : { size }),
              ...(type === 'commit' ? {} : { url: `${api}/git/${type}s/${sha}` }),
            })),
            truncated: entries.length > TREE_ENTRIES,
          },
        };
      },
    },
    { method: 'GET', path: '/repos/:owner/:repo/contents/:path*', answer: contents },
    {
      method: 'GET',
      path: '/repos/:owner/:repo/tarball/:ref*',
      async answer(call) {
        const repository = repositoryOf(call, repositories);
        const commit = await resolveCommit(repository.directory, call.param('ref') || repository.defaultBranch);
        if (!commit) throw notFound();
        return { status: 302, headers: { location: archives.url(repository, commit) } };
      },
    },
  ];
}

const encodePath = (text: string) => text.split('/').map(encodeURIComponent).join('/');

/** A tree by its own id, or that of a branch, tag or commit. */
async function treeOf(repository: GithubRepository, asked: string): Promise<string> {
  const isId = /^[0-9a-f]{40}$/.test(asked);
  const object = isId ? asked : await commitOf(repository, asked);
  const tree = await askGit(repository.directory, ['rev-parse', '--verify', '--quiet', `${object}^{tree}`]);
  if (!tree) throw notFound();
  return tree;
}

async function listTree(repository: GithubRepository, tree: string, recursive: boolean): Promise<TreeEntry[]> {
  const args = ['ls-tree', '-z', '-l', '--full-tree', ...(recursive ? ['-r', '-t'] : []), tree];
  return (await runGit(repository.directory, args)).toString().split('\0').flatMap(parseTreeEntry);
}

function parseTreeEntry(line: string): TreeEntry[] {
  const match = /^(\d+) (\w+) ([0-9a-f]{40}) +(\d+|-)\t([\s\S]+)$/.exec(line);
  if (!match) return [];
  const [, mode = '', type = '', sha = '', size = '-', path = ''] = match;
  return [{ mode, type, sha, size: size === '-' ? undefined : Number(size), path }];
}

/** What lies at a path; a symbolic link to a file of the repository gives that file, as GitHub's contents API does. */
async function followLink(repository: GithubRepository, commit: string, asked: string): Promise<TreeEntry | undefined> {
  const entry = await entryAt(repository, commit, asked);
  if (entry?.mode !== '120000') return entry;
  const target = (await runGit(repository.directory, ['cat-file', 'blob', entry.sha])).toString();
  const resolved = path.posix.join(path.posix.dirname(asked), target);
  if (target.startsWith('/') || resolved.startsWith('..')) return entry;
  const linked = await entryAt(repository, commit, resolved);
  return linked?.type === 'blob' && linked.mode !== '120000' ? linked : entry;
}

async function entryAt(repository: GithubRepository, commit: string, asked: string): Promise<TreeEntry | undefined> {
  // Literal: `*` and `:(glob)` in a path are ordinary characters.
  const args = ['--literal-pathspecs', 'ls-tree', '-z', '-l', '--full-tree', commit, '--', asked];
  const [entry] = (await runGit(repository.directory, args)).toString().split('\0').flatMap(parseTreeEntry);
  return entry?.path === asked ? entry : undefined;
}
