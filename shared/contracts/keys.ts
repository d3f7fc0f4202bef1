import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, noQuery } from './pagination.ts';

/** What secrets are stored with: the root key wraps ring keys, those wrap data keys, and data keys seal values. Never a key itself. */
export const keyState = z.strictObject({
  /** Names the root key that is configured now; it tells nothing about it. */
  root_key: z.string(),
  ring_keys: z.array(
    z.strictObject({
      /** The root key it is under. */
      root_key: z.string(),
      created_at: z.iso.datetime(),
      /** Since when it wraps no new data keys. It goes when it wraps none at all. */
      retired_at: z.iso.datetime().nullable(),
      data_keys: z.int(),
    }),
  ),
  data_keys: z.strictObject({
    /** One for accounts and platform, and one a project that has a secret. */
    active: z.int(),
    /** Those whose values are not all sealed anew yet. */
    retired: z.int(),
    oldest_active_at: z.iso.datetime().nullable(),
  }),
  /** Values that are sealed with a root key itself, as all were before there were ring keys. */
  values_under_root_key: z.int(),
  /** Whether anything is still under a key of before. Only when nothing is, that key may be forgotten. */
  settled: z.boolean(),
});
z.globalRegistry.add(keyState, { id: 'KeyState' });
export type KeyState = z.output<typeof keyState>;

export const getKeys = endpoint({
  method: 'GET',
  path: '/api/v1/platform/keys',
  summary: 'The keys that secrets are stored with, and what is still under old ones.',
  tag: 'platform',
  access: 'platform:read',
  params: noParams,
  query: noQuery,
  body: null,
  output: keyState,
  status: 200,
  paginated: false,
  errors: ['not_found'],
});

export const rotateKeys = endpoint({
  method: 'POST',
  path: '/api/v1/platform/keys/rotate',
  summary:
    'Begins to use new keys, and has everything under the old ones wrapped or sealed anew, while all of it stays readable. `root_key` follows a change of `MIAOBU_ROOT_KEY`.',
  tag: 'platform',
  access: 'platform:write',
  params: noParams,
  query: noQuery,
  body: z.strictObject({
    what: z.enum(['root_key', 'ring_key', 'data_keys']),
    /** Of data keys: only this project's. */
    project: z.string().max(64).optional(),
  }),
  output: keyState,
  status: 202,
  paginated: false,
  errors: ['not_found'],
});
