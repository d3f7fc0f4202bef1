import type { GithubState } from './github-state.ts';

export interface Hook {
  readonly id: number;
  readonly repositoryId: number;
  readonly url: string;
  readonly contentType: 'json' | 'form';
  readonly secret: string | undefined;
  readonly events: readonly string[];
  readonly active: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export type HookSettings = Pick<Hook, 'url' | 'contentType' | 'secret' | 'events' | 'active'>;

export interface Hooks {
  of(repositoryId: number): Hook[];
  find(repositoryId: number, id: number): Hook | undefined;
  /** Active hooks of the repository that subscribe to the event, in the order of their creation. */
  listeningTo(repositoryId: number, event: string): Hook[];
  create(repositoryId: number, settings: HookSettings): Hook;
  update(id: number, settings: HookSettings): Hook;
  /** Removes the hook with all its deliveries, sent or not. */
  remove(id: number): void;
}

export function createHooks(state: GithubState, now: () => number): Hooks {
  const { database } = state;
  const of = (repositoryId: number) =>
    database.prepare('select * from hook where repository_id = ? order by id').all(repositoryId).map(fromRow);
  const columns = ({ url, contentType, secret, events, active }: HookSettings) =>
    [url, contentType, secret ?? null, JSON.stringify(events), active ? 1 : 0] as const;
  return {
    of,
    find: (repositoryId, id) => of(repositoryId).find((hook) => hook.id === id),
    listeningTo: (repositoryId, event) =>
      of(repositoryId).filter((hook) => hook.active && (hook.events.includes(event) || hook.events.includes('*'))),
    create(repositoryId, settings) {
      const row = database
        .prepare(
          `insert into hook (url, content_type, secret, events, active, repository_id, created_at, updated_at)
           values (?, ?, ?, ?, ?, ?, ?, ?) returning *`,
        )
        .get(...columns(settings), repositoryId, now(), now());
      return fromRow(row ?? {});
    },
    update(id, settings) {
      const row = database
        .prepare(
          `update hook set url = ?, content_type = ?, secret = ?, events = ?, active = ?, updated_at = ?
           where id = ? returning *`,
        )
        .get(...columns(settings), now(), id);
      return fromRow(row ?? {});
    },
    remove: (id) => void database.prepare('delete from hook where id = ?').run(id),
  };
}

function fromRow(row: Record<string, unknown>): Hook {
  return {
    id: Number(row.id),
    repositoryId: Number(row.repository_id),
    url: String(row.url),
    contentType: row.content_type === 'form' ? 'form' : 'json',
    secret: row.secret === null ? undefined : String(row.secret),
    events: JSON.parse(String(row.events)) as string[],
    active: row.active === 1,
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
  };
}
