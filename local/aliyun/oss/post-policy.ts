import * as z from 'zod';
import { OssError } from './oss-error.ts';

const sizeRange = z.tuple([z.literal('content-length-range'), z.int().nonnegative(), z.int().nonnegative()]);
const match = z.tuple([z.enum(['eq', 'starts-with']), z.string().startsWith('$'), z.string()]);
const choice = z.tuple([z.enum(['in', 'not-in']), z.string().startsWith('$'), z.array(z.string())]);
const exact = z.record(z.string(), z.string());

const policySchema = z.object({
  expiration: z.iso.datetime(),
  conditions: z.array(z.union([sizeRange, match, choice, exact])).min(1),
});

/** The policy of a form upload: what the signer permits. Specified with PostObject, appendix "Policy". */
export type PostPolicy = z.infer<typeof policySchema>;

export function parsePostPolicy(base64: string): PostPolicy {
  const result = policySchema.safeParse(parseJson(Buffer.from(base64, 'base64').toString()));
  if (result.success) return result.data;
  throw new OssError(400, 'InvalidPolicyDocument', `Invalid Policy: ${z.prettifyError(result.error)}`);
}

/** Throws 403 `AccessDenied` when the policy has expired or a field is not as it says. */
export function checkPostPolicy(policy: PostPolicy, fields: ReadonlyMap<string, string>, now: number): void {
  if (Date.parse(policy.expiration) < now) throw refused('Policy expired.');
  const field = (name: string) => fields.get(name.replace('$', '').toLowerCase()) ?? '';
  for (const condition of policy.conditions) {
    const failed = () => refused(`Policy Condition failed: ${JSON.stringify(condition)}`);
    if (!Array.isArray(condition)) {
      if (!Object.entries(condition).every(([name, value]) => field(name) === value)) throw failed();
      continue;
    }
    switch (condition[0]) {
      case 'content-length-range':
        break;
      case 'eq':
        if (field(condition[1]) !== condition[2]) throw failed();
        break;
      case 'starts-with':
        if (!field(condition[1]).startsWith(condition[2])) throw failed();
        break;
      case 'in':
        if (!condition[2].includes(field(condition[1]))) throw failed();
        break;
      case 'not-in':
        if (condition[2].includes(field(condition[1]))) throw failed();
        break;
      default:
        condition[0] satisfies never;
    }
  }
}

/** The sizes that every `content-length-range` of the policy allows. */
export function permittedSize(policy: PostPolicy, maxBytes: number): { min: number; max: number } {
  let [min, max] = [0, maxBytes];
  for (const condition of policy.conditions) {
    if (!Array.isArray(condition) || condition[0] !== 'content-length-range') continue;
    min = Math.max(min, condition[1]);
    max = Math.min(max, condition[2]);
  }
  return { min, max };
}

const refused = (reason: string) => new OssError(403, 'AccessDenied', `Invalid according to Policy: ${reason}`);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
