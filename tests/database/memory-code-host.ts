import type { CodeHost, CodeRepository } from '@miaobu/shared/ports/code-host';

/** A repository at the code host: branch → commit. Empty until the first push. */
export interface HostedRepository {
  readonly id: number;
  readonly fullName: string;
  readonly branches: Readonly<Record<string, string>>;
  /** Of the last push, in seconds. */
  readonly pushedAt?: number;
  /** Commits that are no branch's head. */
  readonly commits?: readonly string[];
  /** What every commit of it holds: text by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** Whether there are more files than the code host lists. */
  readonly truncated?: boolean;
  /** Tokens that may see it. */
  readonly visibleTo: readonly string[];
}

type Readable = Pick<
  CodeHost,
  'getRepository' | 'getBranchHead' | 'getCommit' | 'listRepositories' | 'listBranches' | 'listTree' | 'readFile'
>;

/** The code host as a plain object. Every repository's default branch is `main`; names are found in any case, as at GitHub. */
export function memoryCodeHost(): Readable & {
  /** The repositories that exist. */
  readonly repositories: HostedRepository[];
  /** Paths of the files that were read. */
  readonly read: string[];
} {
  const repositories: HostedRepository[] = [];
  const find = (token: string, fullName: string) =>
    repositories.find(
      (repository) =>
        repository.fullName.toLowerCase() === fullName.toLowerCase() && repository.visibleTo.includes(token),
    );
  const read: string[] = [];
  const present = ({ id, fullName, pushedAt }: HostedRepository): CodeRepository => ({
    id,
    fullName,
    defaultBranch: 'main',
    private: true,
    cloneUrl: `https://github.example/${fullName}.git`,
    pushedAt: pushedAt === undefined ? undefined : new Date(pushedAt * 1000),
  });
  return {
    repositories,
    read,
    async listRepositories(token, { number, size }) {
      const visible = repositories.filter(({ visibleTo }) => visibleTo.includes(token));
      const hasMore = number * size < visible.length;
      return { repositories: visible.slice((number - 1) * size, number * size).map(present), hasMore };
    },
    async listBranches(token, fullName, { number, size }) {
      const found = find(token, fullName);
      if (!found) return undefined;
      const all = Object.entries(found.branches).map(([name, sha]) => ({ name, sha }));
      return { branches: all.slice((number - 1) * size, number * size), hasMore: number * size < all.length };
    },
    async listTree(token, fullName, sha) {
      const found = find(token, fullName);
      if (!found || !Object.values(found.branches).includes(sha)) return undefined;
      return { paths: Object.keys(found.files ?? {}), truncated: found.truncated ?? false };
    },
    async readFile(token, fullName, path, _ref, limitBytes) {
      read.push(path);
      const text = find(token, fullName)?.files?.[path];
      return text === undefined || Buffer.byteLength(text) > limitBytes ? undefined : text;
    },
    async getRepository(token, fullName) {
      const repository = find(token, fullName);
      return repository && present(repository);
    },
    async getBranchHead(token, fullName, branch) {
      const sha = find(token, fullName)?.branches[branch];
      return sha === undefined
        ? undefined
        : { sha, message: `Work on ${branch}`, authorName: 'You', committedAt: new Date(0) };
    },
    async getCommit(token, fullName, ref) {
      const repository = find(token, fullName);
      const known = [...Object.values(repository?.branches ?? {}), ...(repository?.commits ?? [])].includes(ref);
      return known ? { sha: ref, message: 'A commit', authorName: 'You', committedAt: new Date(0) } : undefined;
    },
  };
}
