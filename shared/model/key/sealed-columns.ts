import { type Sql, sql } from '../../db/sql.ts';
import { githubRefreshTokenContext, githubTokenContext } from '../account/account-repository.ts';
import { verifierContext } from '../account/login-attempt-repository.ts';
import { type PlatformSecretName, platformSecretContext } from '../account/platform-secret-repository.ts';
import { signingKeyContext } from '../account/signing-key-repository.ts';
import type { SealedVariable } from '../deployment/deployment.ts';
import { variableContext, webhookSecretContext } from '../project/project.ts';
import { answerContext } from '../request/idempotency-repository.ts';

type Change = (sealed: string, context: string) => Promise<string>;

/** A column that holds sealed values. Whatever is not here is lost when its data key goes: tests compare with the catalog. */
export interface SealedColumn {
  /** `table.column`. */
  readonly name: string;
  readonly table: Sql;
  readonly column: Sql;
  readonly type: Sql;
  /** The primary key as one value, and its type: where a walk through the table is. */
  readonly key: Sql;
  readonly keyType: Sql;
  /** The project whose data key it is sealed with; null: that of accounts and platform. */
  readonly project: Sql | null;
  /** What the column holds, as text, if it has a value that begins so. */
  marker(beginning: string): string;
  /** The same column with each of its values changed. `key` is that of the row, as text. */
  map(
    stored: string,
    row: { readonly key: string; readonly projectId: string | null },
    change: Change,
  ): Promise<string>;
}

const uuid = sql`uuid`;
const text = sql`text`;

/** A column with one value in it, whose context says of which row. */
const single = (
  column: Omit<SealedColumn, 'type' | 'marker' | 'map'>,
  contextOf: (key: string) => string,
): SealedColumn => ({
  ...column,
  type: text,
  // The rest of a value is base64url, without a dot.
  marker: (beginning) => beginning,
  map: (stored, { key }, change) => change(stored, contextOf(key)),
});

const users = { table: sql`users`, key: sql`id`, keyType: uuid, project: null };

export const sealedColumns: readonly SealedColumn[] = [
  single(
    {
      name: 'platform_secrets.sealed',
      table: sql`platform_secrets`,
      column: sql`sealed`,
      key: sql`name`,
      keyType: text,
      project: null,
    },
    (name) => platformSecretContext(name as PlatformSecretName),
  ),
  single({ ...users, name: 'users.github_token_sealed', column: sql`github_token_sealed` }, githubTokenContext),
  single(
    { ...users, name: 'users.github_refresh_token_sealed', column: sql`github_refresh_token_sealed` },
    githubRefreshTokenContext,
  ),
  single(
    {
      name: 'login_attempts.verifier_sealed',
      table: sql`login_attempts`,
      column: sql`verifier_sealed`,
      key: sql`encode(state_sha256, 'hex')`,
      keyType: text,
      project: null,
    },
    (state) => verifierContext(Buffer.from(state, 'hex')),
  ),
  single(
    {
      name: 'signing_keys.private_key_sealed',
      table: sql`signing_keys`,
      column: sql`private_key_sealed`,
      key: sql`kid`,
      keyType: text,
      project: null,
    },
    signingKeyContext,
  ),
  single(
    {
      name: 'idempotency_keys.answer_sealed',
      table: sql`idempotency_keys`,
      column: sql`answer_sealed`,
      // Neither holds a space.
      key: sql`(principal || ' ' || key)`,
      keyType: text,
      project: null,
    },
    (both) => {
      const [principal = '', key = ''] = both.split(' ');
      return answerContext({ principal, key });
    },
  ),
  single(
    {
      name: 'projects.webhook_secret_sealed',
      table: sql`projects`,
      column: sql`webhook_secret_sealed`,
      key: sql`id`,
      keyType: uuid,
      project: sql`id`,
    },
    webhookSecretContext,
  ),
  {
    name: 'environment_variables.sealed',
    table: sql`environment_variables`,
    column: sql`sealed`,
    type: text,
    key: sql`(project_id || ' ' || environment || ' ' || key)`,
    keyType: text,
    project: sql`project_id`,
    marker: (beginning) => beginning,
    map(stored, { key }, change) {
      const [projectId = '', environment = '', name = ''] = key.split(' ');
      return change(stored, variableContext(projectId, environment, name));
    },
  },
  {
    // A deployment keeps the variables it was made with.
    name: 'deployments.variables',
    table: sql`deployments`,
    column: sql`variables`,
    type: sql`jsonb`,
    key: sql`id`,
    keyType: uuid,
    project: sql`project_id`,
    marker: (beginning) => `"${beginning}`,
    async map(stored, { projectId }, change) {
      const variables = JSON.parse(stored) as SealedVariable[];
      const changed = variables.map(async (variable) => ({
        ...variable,
        sealed: await change(variable.sealed, variableContext(projectId ?? '', variable.environment, variable.key)),
      }));
      return JSON.stringify(await Promise.all(changed));
    },
  },
];
