import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** Who may sign in besides those who already have an account: names at the code host, lower-cased and sorted. */
export interface SignInRules {
  readonly users: readonly string[];
  readonly organisations: readonly string[];
}

/** Normalizes rules, so that equal ones compare equal. */
export const normalRules = ({ users, organisations }: SignInRules): SignInRules => ({
  users: normalNames(users),
  organisations: normalNames(organisations),
});
const normalNames = (names: readonly string[]) => [...new Set(names.map((name) => name.toLowerCase()))].sort();

/** Who may create an account: users and organisations of the code host, by lower-cased name. */
export const signInRuleRepository = (db: Queryable) => ({
  async find(): Promise<SignInRules> {
    const rows = await db.query<{ kind: string; name: string }>(sql`select kind, name from sign_in_rules`);
    const names = (kind: string) => rows.filter((row) => row.kind === kind).map(({ name }) => name);
    return normalRules({ users: names('user'), organisations: names('organisation') });
  },

  /** Serializes replacements until the transaction ends: two concurrent ones would otherwise leave the union of both. */
  async lock(): Promise<void> {
    await db.query(sql`lock table sign_in_rules in share row exclusive mode`);
  },

  /** Replaces all rules. Hold the lock. */
  async replace(rules: SignInRules): Promise<void> {
    const { users, organisations } = normalRules(rules);
    await db.query(sql`delete from sign_in_rules`);
    await db.query(sql`
      insert into sign_in_rules (kind, name)
      select 'user', unnest(${users}::text[]) union all select 'organisation', unnest(${organisations}::text[])`);
  },
});
