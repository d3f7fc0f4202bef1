import type { ErrorCode } from '../kernel/app-error.ts';

interface ErrorEntry {
  /** HTTP status of the answer. */
  readonly status: number;
  /** What the caller reads: what is wrong and what to do about it. */
  readonly text: string;
  /** Whether the same request may succeed later: asynchronous work is retried only then. */
  readonly retryable: boolean;
}

/** The error table: one line per code, for every wire. */
export const errors = {
  invalid_request: {
    status: 422,
    text: 'The request is not valid; details name each field and what is wrong with it.',
    retryable: false,
  },
  invalid_json: { status: 400, text: 'The body is not valid JSON.', retryable: false },
  unsupported_media_type: { status: 415, text: 'Send the body as application/json.', retryable: false },
  payload_too_large: { status: 413, text: 'The body is too large; the limit is in details.', retryable: false },
  request_timeout: { status: 408, text: 'The body did not arrive in time; send it again.', retryable: true },
  unauthorized: {
    status: 401,
    text: 'Send a valid token as `Authorization: Bearer …`, or sign in again.',
    retryable: false,
  },
  forbidden: { status: 403, text: 'This credential may not do that; details name what it needs.', retryable: false },
  sign_in_expired: {
    status: 400,
    text: 'This sign-in was started in another browser, was already used, or took too long; sign in again.',
    retryable: false,
  },
  sign_in_refused: {
    status: 403,
    text: 'This GitHub account may not use this platform; ask an admin of the platform to allow it.',
    retryable: false,
  },
  // The four error codes of RFC 8628 §3.5.
  authorization_pending: {
    status: 400,
    text: 'The login has not been approved yet; ask again after the interval.',
    retryable: true,
  },
  slow_down: {
    status: 400,
    text: 'You ask too often; from now on wait between requests for the interval in details.',
    retryable: true,
  },
  expired_token: {
    status: 400,
    text: 'This device code is not valid or has expired; start the login again.',
    retryable: false,
  },
  access_denied: { status: 400, text: 'The login was denied in the browser.', retryable: false },
  not_found: { status: 404, text: 'Not found, or not visible to this credential.', retryable: false },
  method_not_allowed: {
    status: 405,
    text: 'This path does not support this method; details list those it supports.',
    retryable: false,
  },
  conflict: {
    status: 409,
    text: 'The request conflicts with the current state; details, if any, name the conflict. Read the state again before you retry.',
    retryable: false,
  },
  precondition_failed: {
    status: 412,
    text: 'The resource has changed since you read it; read it again and send its new ETag.',
    retryable: false,
  },
  precondition_required: {
    status: 428,
    text: 'Send the ETag that you read as If-Match, so that you overwrite nobody’s change.',
    retryable: false,
  },
  rate_limited: {
    status: 429,
    text: 'Too many requests; wait for the number of seconds in Retry-After.',
    retryable: true,
  },
  idempotency_key_reused: {
    status: 422,
    text: 'This Idempotency-Key was used for another request; use a new one for each.',
    retryable: false,
  },
  idempotency_key_in_use: {
    status: 409,
    text: 'The first request with this Idempotency-Key is still running; repeat it later to get its response.',
    retryable: true,
  },
  repository_not_found: {
    status: 404,
    text: 'The repository does not exist, or your GitHub account cannot see it; check its name and your access on GitHub.',
    retryable: false,
  },
  branch_not_found: {
    status: 422,
    text: 'The repository has no such branch yet; push to it first, or name another branch.',
    retryable: false,
  },
  commit_not_found: {
    status: 422,
    text: 'The repository has no such commit; push it first.',
    retryable: false,
  },
  branch_in_use: {
    status: 409,
    text: 'Another environment of this project follows that branch; choose another.',
    retryable: false,
  },
  slug_unavailable: { status: 409, text: 'That slug is taken or reserved; choose another.', retryable: false },
  limit_reached: {
    status: 403,
    text: 'A limit is reached; details name it. Delete something, or ask an admin of the platform whether it can be raised.',
    retryable: false,
  },
  variables_full: {
    status: 422,
    text: 'An environment can hold 100 variables, and 4 KB of names and values at run time, the limit of Function Compute; details say what is used and wanted. Delete some, or give those needed only by the build the scope `build`.',
    retryable: false,
  },
  deployment_state_conflict: {
    status: 409,
    text: 'The current state of the deployment does not allow this; details say why.',
    retryable: false,
  },
  deployment_purged: {
    status: 409,
    text: 'The files of this deployment were deleted; redeploy it, or upload its folder again.',
    retryable: false,
  },
  deployment_uploaded: {
    status: 409,
    text: 'This deployment was uploaded, so there is nothing to rebuild; upload its folder again, or promote it.',
    retryable: false,
  },
  environment_off: { status: 409, text: 'This environment is switched off; switch it on first.', retryable: false },
  resync: {
    status: 409,
    text: 'This Last-Event-ID is not known; start the stream again without it.',
    retryable: false,
  },
  attempt_closed: { status: 409, text: 'This build attempt is over; its token is no longer valid.', retryable: false },
  ticket_already_redeemed: { status: 409, text: 'Another run has redeemed this ticket.', retryable: false },
  content_being_deleted: {
    status: 503,
    text: 'The platform is just deleting an old copy of a file in this build; ask again after the time in Retry-After.',
    retryable: true,
  },
  artifact_invalid: { status: 422, text: 'The build output was refused; details say why.', retryable: false },
  servers_not_supported: {
    status: 501,
    text: 'This platform cannot run servers yet; only static sites go live.',
    retryable: false,
  },
  lease_lost: { status: 409, text: 'Another worker has taken over.', retryable: false },
  code_host_unavailable: { status: 503, text: 'GitHub does not answer; try again in a minute.', retryable: true },
  code_host_throttled: { status: 503, text: 'GitHub asks us to slow down; try again in a minute.', retryable: true },
  code_host_unauthorized: {
    status: 403,
    text: 'GitHub refuses the connected account; sign in again to connect it.',
    retryable: false,
  },
  object_store_unavailable: { status: 503, text: 'Object storage does not answer; try again.', retryable: true },
  edge_unavailable: { status: 503, text: 'The edge network does not answer; try again.', retryable: true },
  dns_unavailable: { status: 503, text: 'The DNS service does not answer; try again.', retryable: true },
  log_store_unavailable: { status: 503, text: 'The log store does not answer; try again.', retryable: true },
  vendor_rejected: { status: 502, text: 'A cloud service refused the request.', retryable: false },
  vendor_throttled: { status: 503, text: 'A cloud service asks us to slow down; try again.', retryable: true },
  platform_misconfigured: {
    status: 503,
    text: 'A service that this platform depends on refuses it access, which only the operator can fix; try again later.',
    retryable: true,
  },
  alert_undeliverable: { status: 502, text: 'The receiver did not accept the alert.', retryable: true },
  database_unavailable: { status: 503, text: 'The database does not answer; try again.', retryable: true },
  secret_unreadable: {
    status: 500,
    text: 'A stored secret cannot be decrypted with the configured keys.',
    retryable: false,
  },
  internal: {
    status: 500,
    text: 'Something went wrong here. Try again; if the problem persists, report the request id.',
    retryable: true,
  },
} as const satisfies Record<ErrorCode, ErrorEntry>;
