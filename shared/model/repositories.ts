import { assertReachable, type Database, type Queryable, readClock } from '../db/database.ts';
import {
  enqueue,
  type Failure,
  failMessage,
  finishMessage,
  forgetMessages,
  giveBackLeases,
  isQueued,
  type LeasedMessage,
  type OutboxMessage,
} from '../db/outbox.ts';
import type { Deadline } from '../kernel/deadline.ts';
import { accountLimitRepository } from './account/account-limit-repository.ts';
import { accountRepository } from './account/account-repository.ts';
import { apiTokenRepository } from './account/api-token-repository.ts';
import { deviceLoginRepository } from './account/device-login-repository.ts';
import { loginAttemptRepository } from './account/login-attempt-repository.ts';
import { platformSecretRepository } from './account/platform-secret-repository.ts';
import { sessionRepository } from './account/session-repository.ts';
import { signInRuleRepository } from './account/sign-in-rule-repository.ts';
import { signingKeyRepository } from './account/signing-key-repository.ts';
import { auditLogRepository } from './audit/audit-log-repository.ts';
import { blobRepository } from './build/blob-repository.ts';
import { buildAttemptRepository } from './build/build-attempt-repository.ts';
import { contentSweepRepository } from './build/content-sweep-repository.ts';
import { deliveryRepository } from './delivery/delivery-repository.ts';
import { pushRepository } from './delivery/push-repository.ts';
import { deployHookRepository } from './deploy-hook/deploy-hook-repository.ts';
import { deploymentRepository } from './deployment/deployment-repository.ts';
import { deploymentRetentionRepository } from './deployment/deployment-retention-repository.ts';
import { overdueDeploymentsRepository } from './deployment/overdue-deployments-repository.ts';
import { shownDeploymentsRepository } from './deployment/shown-deployments-repository.ts';
import { dutyRepository } from './duty/duty-repository.ts';
import { environmentRepository } from './environment/environment-repository.ts';
import { keyRepository } from './key/key-repository.ts';
import { sealedValueRepository } from './key/sealed-value-repository.ts';
import { circuitBreakerRepository } from './outbox/circuit-breaker-repository.ts';
import { deadLetterRepository } from './outbox/dead-letter-repository.ts';
import { cloudResourceRepository } from './project/cloud-resource-repository.ts';
import { importsRepository } from './project/imports-repository.ts';
import { inventorySweepRepository } from './project/inventory-sweep-repository.ts';
import { projectRepository } from './project/project-repository.ts';
import { eventStreamRepository } from './request/event-stream-repository.ts';
import { idempotencyRepository } from './request/idempotency-repository.ts';
import { rateLimitRepository } from './request/rate-limit-repository.ts';
import { routeRepository } from './route/route-repository.ts';
import { usageRepository } from './usage/usage-repository.ts';
import { variableRepository } from './variable/variable-repository.ts';

const bind = (db: Queryable) => ({
  accounts: accountRepository(db),
  sessions: sessionRepository(db),
  loginAttempts: loginAttemptRepository(db),
  signInRules: signInRuleRepository(db),
  signingKeys: signingKeyRepository(db),
  deviceLogins: deviceLoginRepository(db),
  apiTokens: apiTokenRepository(db),
  platformSecrets: platformSecretRepository(db),
  keys: keyRepository(db),
  sealedValues: sealedValueRepository(db),
  projects: projectRepository(db),
  imports: importsRepository(db),
  cloudResources: cloudResourceRepository(db),
  environments: environmentRepository(db),
  deployments: deploymentRepository(db),
  shownDeployments: shownDeploymentsRepository(db),
  overdueDeployments: overdueDeploymentsRepository(db),
  deploymentRetention: deploymentRetentionRepository(db),
  deployHooks: deployHookRepository(db),
  deliveries: deliveryRepository(db),
  pushes: pushRepository(db),
  attempts: buildAttemptRepository(db),
  blobs: blobRepository(db),
  contentSweeps: contentSweepRepository(db),
  inventorySweeps: inventorySweepRepository(db),
  routes: routeRepository(db),
  breakers: circuitBreakerRepository(db),
  deadLetters: deadLetterRepository(db),
  duties: dutyRepository(db),
  variables: variableRepository(db),
  auditLog: auditLogRepository(db),
  usage: usageRepository(db),
  limits: accountLimitRepository(db),
  rateLimits: rateLimitRepository(db),
  idempotencyKeys: idempotencyRepository(db),
  eventStreams: eventStreamRepository(db),
  /** Enqueues messages, committed together with the state that requires them. */
  enqueue: (...messages: readonly OutboxMessage[]) => enqueue(db, ...messages),
  /** Whether a message is pending, or another of its lane is leased. */
  isQueued: (message: OutboxMessage) => isQueued(db, message),
  /** Deletes messages that were done or cancelled more than this many days ago, at most `limit`. Returns how many. */
  forgetMessages: (olderThanDays: number, limit: number) => forgetMessages(db, olderThanDays, limit),
  /** Makes every leased message pending at once. For when all workers are known to be gone. */
  giveBackLeases: () => giveBackLeases(db),
  /** The database's clock, the only one in use. */
  now: () => readClock(db),
  /** Call it last in a transaction that handles a message: throws `lease_lost` unless the lease is still valid. */
  finish: (message: Pick<LeasedMessage, 'id' | 'leaseToken'>) => finishMessage(db, message),
  /** The same for a failed message: returns its new state, undefined when the lease is no longer valid. */
  fail: (message: Pick<LeasedMessage, 'id' | 'leaseToken'>, failure: Failure) => failMessage(db, message, failure),
});

/** All repositories, bound to one connection or transaction. */
export type Repositories = ReturnType<typeof bind>;

/** The store as passed to use cases. */
export interface Store extends Repositories {
  /** Atomic; retried on a deadlock, so it must have no external effects. Not committed after its deadline. */
  transaction<T>(work: (repositories: Repositories) => Promise<T>, deadline?: Deadline): Promise<T>;
  /** Throws `database_unavailable` when Postgres does not answer. */
  assertReady(): Promise<void>;
}

/** All repositories of this database. Calls on the result are separate statements; those within `transaction` share one transaction. */
export const repositories = (db: Database): Store => ({
  ...bind(db),
  transaction: (work, deadline) => db.transaction((transaction) => work(bind(transaction)), deadline),
  assertReady: () => assertReachable(db),
});
