import { randomBytes } from 'node:crypto';
import { joseTokenSigner } from '@miaobu/shared/adapters/jose/jose-token-signer';
import { sql } from '@miaobu/shared/db/sql';
import { sha256 } from '@miaobu/shared/kernel/hmac';
import type { Sealer } from '@miaobu/shared/kernel/seal';
import { accessTokens } from '@miaobu/shared/model/account/access-tokens';
import { githubRefreshTokenContext, githubTokenContext } from '@miaobu/shared/model/account/account-repository';
import { verifierContext } from '@miaobu/shared/model/account/login-attempt-repository';
import { platformSecretContext } from '@miaobu/shared/model/account/platform-secret-repository';
import { webhookSecretContext } from '@miaobu/shared/model/project/project';
import { answerContext } from '@miaobu/shared/model/request/idempotency-repository';
import { openValue, sealValue } from '@miaobu/shared/model/variable/variable-value';
import { importProject } from './import-project.ts';
import { queueTestDeployment, type TestStore } from './prepare-deployment.ts';

export interface StoredSecrets {
  readonly projectIds: readonly string[];
  /** The stored secrets, by kind. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Reads all of them back from their rows with this sealer, as the product does. */
  read(sealer: Sealer): Promise<Readonly<Record<string, string>>>;
}

const found = <T>(value: T | undefined | null): T => {
  if (value === undefined || value === null) throw new Error('a secret is not stored');
  return value;
};

/** One secret of every kind that the platform keeps, in its own row; two projects have some. */
export async function storeEverySecret(stored: TestStore): Promise<StoredSecrets> {
  const { store, sealer } = stored;
  const canary = (kind: string) => `canary-${kind}-${randomBytes(12).toString('hex')}`;
  const user = await store.accounts.upsertUser({ githubId: 101, githubLogin: 'you' });
  const state = sha256('state');
  const browser = sha256('browser');
  const request = { principal: `user:${user.id}`, key: 'key-1', operation: 'x', requestSha256: sha256('x') };
  const secrets: Record<string, string> = {
    'platform secret': canary('platform'),
    'GitHub token': canary('github'),
    'GitHub refresh token': canary('refresh'),
    'PKCE verifier': canary('verifier'),
    answer: canary('answer'),
  };
  const seal = await sealer.sealing();
  const secret = (kind: string) => found(secrets[kind]);
  await store.platformSecrets.store(
    'github-actions-token',
    seal(secret('platform secret'), platformSecretContext('github-actions-token')),
  );
  await store.accounts.storeGithubToken(user.id, seal(secret('GitHub token'), githubTokenContext(user.id)), {
    refreshTokenSealed: seal(secret('GitHub refresh token'), githubRefreshTokenContext(user.id)),
  });
  await store.loginAttempts.insert({
    stateSha256: state,
    browserSha256: browser,
    verifierSealed: seal(secret('PKCE verifier'), verifierContext(state)),
    nextPath: '/',
  });
  const claim = await store.idempotencyKeys.claim(request, 90);
  if (claim.state !== 'claimed') throw new Error('the key is not free');
  await store.idempotencyKeys.answer(claim.claim, request, seal(secret('answer'), answerContext(request)));
  const signing = (by: Sealer) =>
    accessTokens({ store, sealer: by, signer: joseTokenSigner(), controlOrigin: 'https://api.example' });
  await signing(sealer).issue({ userId: 'usr_1', sessionId: 'ses_1' });

  const projectIds: string[] = [];
  const deployments: { readonly id: string; readonly kind: string }[] = [];
  for (const slug of ['one', 'two']) {
    const imported = await importProject(stored, { slug });
    const { project, production } = imported;
    projectIds.push(project.id);
    secrets[`webhook secret of ${slug}`] = canary('hook');
    secrets[`previous webhook secret of ${slug}`] = imported.webhookSecret;
    const place = { project: project.id, context: webhookSecretContext(project.id) };
    const renewed = await sealer.seal(secret(`webhook secret of ${slug}`), place);
    await store.projects.rotateWebhookSecret(project.id, renewed, 3600);
    secrets[`variable of ${slug}`] = canary('variable');
    secrets[`variable of a deployment of ${slug}`] = secret(`variable of ${slug}`);
    const variable = { projectId: project.id, environment: 'production', key: 'SECRET' };
    const sealed = sealValue(await sealer.sealing(project.id), variable, secret(`variable of ${slug}`));
    await store.variables.insert({ ...variable, ...sealed, isSecret: true, scope: 'both' });
    const deployment = await queueTestDeployment(stored, { project, environment: production, hostnames: [] });
    deployments.push({ id: deployment.id, kind: `variable of a deployment of ${slug}` });
  }

  return {
    projectIds,
    secrets,
    async read(by) {
      const read: Record<string, string> = {};
      const platform = found(await store.platformSecrets.findSealed('github-actions-token'));
      read['platform secret'] = await by.open(platform, platformSecretContext('github-actions-token'));
      const [account] = await stored.db.query<{ githubTokenSealed: string; githubRefreshTokenSealed: string }>(
        sql`select github_token_sealed, github_refresh_token_sealed from users`,
      );
      read['GitHub token'] = await by.open(found(account).githubTokenSealed, githubTokenContext(user.id));
      read['GitHub refresh token'] = await by.open(
        found(account).githubRefreshTokenSealed,
        githubRefreshTokenContext(user.id),
      );
      const [attempt] = await stored.db.query<{ verifierSealed: string }>(
        sql`select verifier_sealed from login_attempts`,
      );
      read['PKCE verifier'] = await by.open(found(attempt).verifierSealed, verifierContext(state));
      const answered = await store.idempotencyKeys.claim(request, 90);
      if (answered.state !== 'answered') throw new Error('the answer is not remembered');
      read.answer = await by.open(answered.answerSealed, answerContext(request));
      // Opens the signing key.
      await signing(by).issue({ userId: 'usr_1', sessionId: 'ses_1' });
      for (const [n, slug] of ['one', 'two'].entries()) {
        const project = found(await store.projects.find(found(projectIds[n])));
        // Not from the project, which no longer has it when tests have moved the clock.
        const [{ previous } = { previous: null }] = await stored.db.query<{ previous: string | null }>(
          sql`select previous_webhook_secret_sealed as previous from projects where id = ${project.id}`,
        );
        const context = webhookSecretContext(project.id);
        read[`webhook secret of ${slug}`] = await by.open(project.webhookSecretSealed, context);
        read[`previous webhook secret of ${slug}`] = await by.open(found(previous), context);
        const [variable] = await store.variables.list(project.id);
        read[`variable of ${slug}`] = await openValue(by, found(variable));
      }
      for (const { id, kind } of deployments) {
        const { projectId, variables } = await stored.deployment(id);
        const [variable] = variables;
        read[kind] = await openValue(by, { ...found(variable), projectId });
      }
      return read;
    },
  };
}
