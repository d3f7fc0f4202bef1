import { githubRefreshTokenContext, githubTokenContext } from '../account/account-repository.ts';
import { verifierContext } from '../account/login-attempt-repository.ts';
import { type PlatformSecretName, platformSecretContext } from '../account/platform-secret-repository.ts';
import { signingKeyContext } from '../account/signing-key-repository.ts';
import type { SealedVariable } from '../deployment/deployment.ts';
import { variableContext, webhookSecretContext } from '../project/project.ts';
import { answerContext } from '../request/idempotency-repository.ts';
import type { SealedColumnName } from './sealed-value-repository.ts';

type Change = (sealed: string, context: string) => Promise<string>;

/** A column that holds sealed values. A column missing here is lost when its data key is deleted; tests compare with the catalog. */
export interface SealedColumn {
  readonly name: SealedColumnName;
  /** Whether its values are sealed with project data keys; otherwise with the key of accounts and platform. */
  readonly ofProjects: boolean;
  /** The column's content as text, if it has a value with this prefix. */
  marker(beginning: string): string;
  /** The column with each of its values mapped. `key` is the row's, as text. */
  map(
    stored: string,
    row: { readonly key: string; readonly projectId: string | null },
    change: Change,
  ): Promise<string>;
}

/** A column with a single value, whose context follows from the row's key. */
const single = (name: SealedColumnName, ofProjects: boolean, contextOf: (key: string) => string): SealedColumn => ({
  name,
  ofProjects,
  // The rest of a value is base64url, without a dot.
  marker: (beginning) => beginning,
  map: (stored, { key }, change) => change(stored, contextOf(key)),
});

/** A deployment keeps the variables it was made with. */
const variables: SealedColumn = {
  name: 'deployments.variables',
  ofProjects: true,
  marker: (beginning) => `"${beginning}`,
  async map(stored, { projectId }, change) {
    const changed = (JSON.parse(stored) as SealedVariable[]).map(async (variable) => ({
      ...variable,
      sealed: await change(variable.sealed, variableContext(projectId ?? '', variable.environment, variable.key)),
    }));
    return JSON.stringify(await Promise.all(changed));
  },
};

export const sealedColumns: readonly SealedColumn[] = [
  single('platform_secrets.sealed', false, (name) => platformSecretContext(name as PlatformSecretName)),
  single('users.github_token_sealed', false, githubTokenContext),
  single('users.github_refresh_token_sealed', false, githubRefreshTokenContext),
  single('login_attempts.verifier_sealed', false, (state) => verifierContext(Buffer.from(state, 'hex'))),
  single('signing_keys.private_key_sealed', false, signingKeyContext),
  single('idempotency_keys.answer_sealed', false, (both) => {
    const [principal = '', key = ''] = both.split(' ');
    return answerContext({ principal, key });
  }),
  single('projects.webhook_secret_sealed', true, webhookSecretContext),
  // After the current one, because a rotation moves a value from there to here: a walk in this order meets it in one of them.
  single('projects.previous_webhook_secret_sealed', true, webhookSecretContext),
  single('environment_variables.sealed', true, (all) => {
    const [projectId = '', environment = '', key = ''] = all.split(' ');
    return variableContext(projectId, environment, key);
  }),
  variables,
];
