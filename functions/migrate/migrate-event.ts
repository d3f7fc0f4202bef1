import { signInRules } from '@miaobu/shared/contracts/sign-in-rules';
import { platformSecretNames } from '@miaobu/shared/model/account/platform-secret-repository';
import * as z from 'zod';

/** What a release asks of `migrate`. */
export const migrateEvent = z.strictObject({
  request_id: z.string().optional(),
  /** Who runs the platform: the first user, with the token the CLI will use (only its hash travels). */
  operator: z
    .strictObject({
      github_id: z.int().positive(),
      github_login: z.string().min(1).max(39),
      github_token: z.string().min(1).optional(),
      api_token: z
        .strictObject({
          name: z.string().min(1),
          prefix: z.string().min(1),
          sha256: z.string().regex(/^[0-9a-f]{64}$/),
        })
        .optional(),
    })
    .optional(),
  /** Who may sign in for the first time, instead of whom an earlier release or the API named. */
  sign_in: signInRules.partial().optional(),
  /** True when nothing of before this release runs any more: a whole local cloud that starts again. */
  after_stop: z.boolean().optional(),
  /** Sealed with the root key before they are stored. */
  secrets: z.partialRecord(z.enum(platformSecretNames), z.string().min(1)).optional(),
});
export type MigrateEvent = z.output<typeof migrateEvent>;
