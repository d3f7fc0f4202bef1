/** Every failure that callers can tell apart. `contracts/errors.ts` says what each means on the wire. */
export const errorCodes = [
  'invalid_request',
  'invalid_json',
  'unsupported_media_type',
  'payload_too_large',
  'request_timeout',
  'unauthorized',
  'forbidden',
  'sign_in_expired',
  'sign_in_refused',
  'authorization_pending',
  'slow_down',
  'expired_token',
  'access_denied',
  'not_found',
  'method_not_allowed',
  'conflict',
  'precondition_failed',
  'precondition_required',
  'rate_limited',
  'idempotency_key_reused',
  'idempotency_key_in_use',
  'repository_not_found',
  'branch_not_found',
  'commit_not_found',
  'branch_in_use',
  'slug_unavailable',
  'limit_reached',
  'variables_full',
  'deployment_state_conflict',
  'deployment_purged',
  'deployment_uploaded',
  'environment_off',
  'resync',
  'attempt_closed',
  'ticket_already_redeemed',
  'content_being_deleted',
  'artifact_invalid',
  'servers_not_supported',
  'lease_lost',
  'code_host_unavailable',
  'code_host_throttled',
  'code_host_unauthorized',
  'object_store_unavailable',
  'edge_unavailable',
  'dns_unavailable',
  'log_store_unavailable',
  'vendor_rejected',
  'vendor_throttled',
  'platform_misconfigured',
  'alert_undeliverable',
  'database_unavailable',
  'secret_unreadable',
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export interface AppErrorOptions {
  /** Shown to the caller unchanged: never a secret, a host, SQL or a vendor's text. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** For the log only. */
  readonly cause?: unknown;
  /** For the log, and for a person reading a deployment's failure; the public text comes from the error table. */
  readonly message?: string;
  /** For the operator: what to do about it. Never a secret. */
  readonly remedy?: string;
}

/** The only error class. Thrown by use cases, repositories and adapters; turned into a response in one place, in `runtime/`. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly remedy: string | undefined;

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    super(options.message ?? code, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details;
    this.remedy = options.remedy;
  }
}
