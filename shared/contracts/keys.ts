import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, noQuery } from './pagination.ts';
import { shownTime } from './shown-time.ts';

const keyState = z
  .strictObject({
    root_key: z.string().describe('A name for the root key that is configured now. It reveals nothing about the key.'),
    ring_keys: z
      .array(
        z.strictObject({
          root_key: z.string().describe('The root key that it is wrapped by.'),
          created_at: shownTime.describe('When it was created.'),
          retired_at: shownTime
            .nullable()
            .describe('Since when it wraps no new data keys; null while it does. It is deleted when it wraps none.'),
          data_keys: z.int().describe('How many data keys it wraps.'),
        }),
      )
      .describe('The keys that wrap data keys.'),
    data_keys: z
      .strictObject({
        active: z
          .int()
          .describe(
            'How many new secrets use: one for accounts and the platform, and one per project that has secrets.',
          ),
        retired: z.int().describe('How many still seal secrets that have not been sealed again with an active one.'),
        oldest_active_at: shownTime.nullable().describe('When the oldest active one was created; null without any.'),
      })
      .describe('The keys that secrets are sealed with.'),
    values_under_root_key: z
      .int()
      .describe('How many secrets are sealed with the root key itself, as they were before there were ring keys.'),
    settled: z
      .boolean()
      .describe('Whether everything is under the current keys. Only then may the previous root key be forgotten.'),
  })
  .meta({
    id: 'KeyState',
    description:
      'What secrets are stored with: the root key wraps ring keys, ring keys wrap data keys, and data keys seal secrets. Never contains a key.',
  });
export type KeyState = z.output<typeof keyState>;

export const getKeys = endpoint({
  method: 'GET',
  path: '/api/v1/platform/keys',
  summary: 'Shows the state of the keys that secrets are stored with, and what is still under old ones.',
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
    'Rotates keys: new secrets use new keys at once, and what is under the old ones is wrapped or sealed again in the background. Everything stays readable meanwhile.',
  tag: 'platform',
  access: 'platform:write',
  params: noParams,
  query: noQuery,
  body: z.strictObject({
    what: z
      .enum(['root_key', 'ring_key', 'data_keys'])
      .describe('Which keys. `root_key`: after `MIAOBU_ROOT_KEY` was changed, moves everything to the new one.'),
    project: z
      .string()
      .max(64)
      .optional()
      .describe('With `data_keys`: only the key of this project (its id, `prj_…`). Default: all data keys.'),
  }),
  output: keyState,
  status: 202,
  paginated: false,
  errors: ['not_found'],
});
