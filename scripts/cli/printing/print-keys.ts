import type { KeyState } from '@miaobu/shared/contracts/keys';
import type { CommandContext } from '../command.ts';
import { timeAgo } from './time-words.ts';

export function printKeys({ terminal, options, world }: CommandContext, keys: KeyState): void {
  if (options.json) {
    terminal.json(keys);
    return;
  }
  const ago = (iso: string | null) => (iso === null ? '' : timeAgo(iso, world.now()));
  terminal.line(`The root key is ${keys.root_key}.`);
  terminal.table(
    ['RING KEY', 'WRAPPED BY', 'CREATED', 'DATA KEYS'],
    keys.ring_keys.map(({ root_key, created_at, retired_at, data_keys }) => [
      retired_at === null ? 'in use' : { text: `retired ${ago(retired_at)}`, style: 'dim' },
      root_key,
      ago(created_at),
      String(data_keys),
    ]),
  );
  const { active, retired, oldest_active_at } = keys.data_keys;
  const oldest = oldest_active_at === null ? '' : `, the oldest created ${ago(oldest_active_at)}`;
  terminal.line(`${active} data keys in use${oldest}; ${retired} retired.`);
  if (keys.values_under_root_key > 0) {
    terminal.line(
      `${keys.values_under_root_key} secrets are still sealed with a root key itself. Move them with: miaobu keys rotate root`,
    );
  }
  terminal.line(keys.settled ? 'No old key is needed any more.' : 'Old keys are still needed.');
}
