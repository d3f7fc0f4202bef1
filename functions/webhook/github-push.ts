import { storableText } from '@miaobu/shared/kernel/storable-text';
import * as z from 'zod';

const files = z.array(z.string()).optional();

/** The fields of GitHub's `push` event that we read (docs.github.com, "Webhook events and payloads"). */
export const githubPush = z.object({
  ref: z.string().max(1024).transform(storableText),
  before: z.string().regex(/^[0-9a-f]{40}$/),
  after: z.string().regex(/^[0-9a-f]{40}$/),
  created: z.boolean(),
  deleted: z.boolean(),
  /** A force push: it removed commits. */
  forced: z.boolean(),
  /** From `before` to `after`, oldest first. */
  commits: z.array(z.object({ added: files, removed: files, modified: files })).optional(),
  /** Null when a branch or tag is deleted. */
  head_commit: z
    .object({
      id: z.string(),
      message: z.string(),
      author: z.object({ name: z.string().optional(), username: z.string().optional() }).optional(),
    })
    .nullable(),
  repository: z.object({
    id: z.number().int(),
    full_name: z.string(),
    /** Seconds. Increases with every push, but two pushes within one second share it. */
    pushed_at: z.number().int().nonnegative(),
  }),
});
export type GithubPush = z.output<typeof githubPush>;

const BRANCH_PREFIX = 'refs/heads/';

/** The branch of a ref, or undefined for a tag. */
export const branchOf = (ref: string) => (ref.startsWith(BRANCH_PREFIX) ? ref.slice(BRANCH_PREFIX.length) : undefined);
