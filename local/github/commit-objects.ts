import { runGit } from './git-command.ts';

export interface Identity {
  readonly name: string;
  readonly email: string;
  /** Seconds since 1970. */
  readonly seconds: number;
  /** As git writes it: `+0800`. */
  readonly offset: string;
}

export interface Commit {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Identity;
  readonly committer: Identity;
  readonly message: string;
}

/** Paths that a commit changed against its first parent. A rename is a removal and an addition, as in GitHub's payloads. */
export interface ChangedPaths {
  readonly added: string[];
  readonly removed: string[];
  readonly modified: string[];
}

/** Reads commit objects in the order asked. Lengths come from git, so that nothing in a message can end a record early. */
export async function readCommits(directory: string, shas: readonly string[]): Promise<Commit[]> {
  if (shas.length === 0) return [];
  const output = await runGit(directory, ['cat-file', '--batch'], `${shas.join('\n')}\n`);
  const commits: Commit[] = [];
  let position = 0;
  while (position < output.length) {
    const lineEnd = output.indexOf(0x0a, position);
    const [sha = '', type, size] = output.toString('utf8', position, lineEnd).split(' ');
    if (type !== 'commit') throw new Error(`${sha} is no commit but ${type ?? 'nothing'}`);
    const end = lineEnd + 1 + Number(size);
    commits.push(parseCommit(sha, output.toString('utf8', lineEnd + 1, end)));
    position = end + 1;
  }
  return commits;
}

function parseCommit(sha: string, text: string): Commit {
  const headerEnd = text.indexOf('\n\n');
  const header = headerEnd < 0 ? text : text.slice(0, headerEnd);
  const all = (name: string) =>
    header.split('\n').flatMap((line) => (line.startsWith(`${name} `) ? [line.slice(name.length + 1)] : []));
  return {
    sha,
    tree: all('tree')[0] ?? '',
    parents: all('parent'),
    author: parseIdentity(all('author')[0] ?? ''),
    committer: parseIdentity(all('committer')[0] ?? ''),
    message: headerEnd < 0 ? '' : text.slice(headerEnd + 2).trimEnd(),
  };
}

function parseIdentity(line: string): Identity {
  const match = /^(.*?) ?<(.*)> (\d+) ([+-]\d{4})$/.exec(line);
  const [, name = '', email = '', seconds = '0', offset = '+0000'] = match ?? [];
  return { name, email, seconds: Number(seconds), offset };
}

/** `2026-01-02T11:04:05+08:00`, in the offset of whoever made the commit (webhook payloads use this form). */
export function localTime(identity: Identity): string {
  const { seconds, offset } = identity;
  const minutes = Number(`${offset[0]}1`) * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(3)));
  const shifted = new Date((seconds + minutes * 60) * 1000).toISOString().slice(0, 19);
  return minutes === 0 ? `${shifted}Z` : `${shifted}${offset.slice(0, 3)}:${offset.slice(3)}`;
}

/** What each commit changed, by commit. */
export async function readChangedPaths(
  directory: string,
  shas: readonly string[],
): Promise<ReadonlyMap<string, ChangedPaths>> {
  const changes = new Map(shas.map((sha): [string, ChangedPaths] => [sha, { added: [], removed: [], modified: [] }]));
  if (shas.length === 0) return changes;
  const args = ['diff-tree', '--stdin', '--root', '-r', '-z', '--no-renames', '--name-status'];
  const output = await runGit(directory, [...args, '--diff-merges=first-parent'], `${shas.join('\n')}\n`);
  const fields = output.toString().split('\0');
  let current: ChangedPaths | undefined;
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index] ?? '';
    const commit = changes.get(field);
    if (commit) {
      current = commit;
      continue;
    }
    const path = fields[++index];
    if (path === undefined || !current) continue;
    if (field === 'A') current.added.push(path);
    else if (field === 'D') current.removed.push(path);
    else current.modified.push(path);
  }
  return changes;
}
